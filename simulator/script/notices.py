"""Messages and events of Credex core as conversations write them."""

from __future__ import annotations

import yaml

from simulator.errors import did_you_mean
from simulator.script.yaml_reader import YamlReader
from simulator.script.yaml_writer import YamlValue
from simulator.units import read_amount, write_amount
from simulator.world.notices import EVENTS, CoreEvent, Notice

__all__ = ("read_event", "read_notice", "write_event", "write_notice")


def read_notice(reading: YamlReader, node: yaml.Node) -> Notice | None:
    """Read ``{to: Farai, message: …, offer: newest}``."""
    fields = reading.mapping(node, "a notice", known=("to", "message", "offer"), needed=("to", "message"))
    read = {key: reading.text(value, key) for key, value in fields.items()}
    if read.get("offer") not in {None, "newest"}:
        reading.problem(fields["offer"], f"no offer is called {read['offer']!r}", "Only the newest one can be meant.")
    if reading.problems:
        return None
    return Notice(str(read["to"]), str(read["message"]), offer="offer" in read)


def write_notice(notice: Notice) -> YamlValue:
    """The mapping that `read_notice` reads."""
    return {"to": notice.to, "message": notice.message, **({"offer": "newest"} if notice.offer else {})}


def read_event(reading: YamlReader, node: yaml.Node) -> CoreEvent | None:
    """Read ``{event: offer_update, id: w1, status: pending, to: Farai, amount: 5 USD}``."""
    fields = reading.mapping(
        node, "an event", known=("event", "id", "status", "to", "amount"), needed=("event", "id", "status")
    )
    read = {key: reading.text(value, key) for key, value in fields.items() if key != "amount"}
    amount = reading.value(fields["amount"], read_amount, "an amount") if "amount" in fields else None
    kind = read.get("event") or ""
    if "event" in fields and kind not in EVENTS:
        reading.problem(fields["event"], f"no event is called {kind!r}", did_you_mean(kind, EVENTS, "events"))
    if kind == "offer_update" and amount is None:
        reading.problem(node, "an offer has an amount", "For example: amount: 5 USD.")
    if reading.problems:
        return None
    return CoreEvent(kind, str(read["id"]), str(read["status"]), read.get("to") or "", amount)


def write_event(event: CoreEvent) -> YamlValue:
    """The mapping that `read_event` reads."""
    return {
        "event": event.kind,
        "id": event.webhook_id,
        "status": event.status,
        **({"to": event.to} if event.to else {}),
        **({} if event.amount is None else {"amount": write_amount(event.amount)}),
    }
