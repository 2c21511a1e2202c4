"""`serve`: the simulator as a server for bots in development."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import click

if TYPE_CHECKING:
    from simulator.credex_core import Quirks
    from simulator.whatsapp_cloud import Rule

__all__ = ("serve_command",)

EXAMPLES: Final = """\b
Examples:
  python -m simulator serve
  python -m simulator serve --bot http://127.0.0.1:8000 --state world.json
  python -m simulator serve --fault "on=messages do=hang taken=true" --fault "on=webhooks do=duplicate times=always"
  python -m simulator serve --quirk empty_as_object --quirk low_high_integers

\b
Then, with any HTTP client:
  curl -d '{"phone": "+263 77 123 4567", "name": "Tariro Moyo"}' http://127.0.0.1:8001/control/people
  curl -d '{"text": "hi", "wait_ms": 5000}' http://127.0.0.1:8001/control/people/263771234567/type
  curl -d '{"choice": "Become a member", "wait_ms": 5000}' http://127.0.0.1:8001/control/people/263771234567/tap
  curl http://127.0.0.1:8001/control/people/263771234567/screen
  curl -d '{"on": "messages", "do": "refuse", "code": 131056}' http://127.0.0.1:8001/control/faults

\b
http://127.0.0.1:8001/schema lists all endpoints. SIGTERM or Ctrl-C saves the state and ends."""


def _rule(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> tuple[Rule, ...]:
    from simulator.whatsapp_cloud import RuleError, parse_rule_text

    try:
        return tuple(parse_rule_text(text) for text in given)
    except RuleError as error:
        raise click.BadParameter(str(error)) from error


def _quirks(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> Quirks | None:
    if not given:
        return None
    from simulator.credex_core import Quirks

    unknown = sorted(set(given) - set(Quirks.__dataclass_fields__))
    if unknown:
        known = ", ".join(Quirks.__dataclass_fields__)
        raise click.BadParameter(f"no such quirk: {', '.join(unknown)}; the quirks of core are: {known}")
    switches: dict[str, Any] = {name: type(getattr(Quirks(), name))(1) for name in given}
    return Quirks(**switches)


def _bot(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    for url in given:
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname or parts.path.strip("/"):
            raise click.BadParameter(f"{url!r} is not the address of a bot; for example: http://127.0.0.1:8000")
    return given


@click.command("serve", epilog=EXAMPLES, short_help="Serve WhatsApp, Credex core and people to a bot elsewhere.")
@click.option(
    "--bot",
    "bots",
    multiple=True,
    default=("http://127.0.0.1:8000",),
    show_default=True,
    callback=_bot,
    metavar="URL",
    help="Where the bot listens; several take turns. It need not run yet.",
)
@click.option("--port", default=8001, show_default=True, type=click.IntRange(0, 65535), help="0 for any free port.")
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="The address to listen on; 0.0.0.0 in a container."
)
@click.option(
    "--state",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Load the state from this file, if it exists, and save it there.",
)
@click.option(
    "--fault",
    "rules",
    multiple=True,
    callback=_rule,
    metavar="RULE",
    help="Inject a fault: key=value pairs or JSON. Keys: on, do, to, kind, times, after, every, percent, ...",
)
@click.option("--quirk", "quirks", multiple=True, callback=_quirks, help="Turn on this quirk of Credex core.")
@click.option("--seed", type=int, help="Of all ids; random unless given.")
def serve_command(**options: Any) -> None:
    """Serve WhatsApp, Credex core and people with phones to a bot that runs as a process of its own."""
    from simulator.cli.runners.serve import run

    run(**options)
