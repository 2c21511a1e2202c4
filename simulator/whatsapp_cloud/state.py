"""Saving and loading the state of a Cloud API as one JSON value, for example across a restart.

The throughput of the last second is not saved. The names of fields in the JSON are part of the format.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from .account import REVIEW_MS
from .api import CloudApi
from .errors import CloudError, RefusedError
from .faults import ArmedRule
from .forms import FlowForm
from .handset import Handset, InboundMessage
from .media import File
from .status_lifecycle import OutgoingMessage
from .submitted import SubmittedTemplate
from .values import Attempt, Bubble, Config, Json
from .wire import Undelivered, Update

__all__ = ("VERSION", "StateError", "dump", "load")

VERSION: Final = 1
KEPT_ATTEMPTS: Final = 1_000
"""How many attempts of the delivery log are saved, the newest ones."""


class StateError(CloudError, ValueError):
    """A state cannot be loaded; the API is unchanged."""


@dataclass
class _Handset:
    phone: str
    name: str
    username: str
    hides_number: bool
    parent_id: str
    country: str
    receipts: bool
    online: bool
    blocked: bool
    bubbles: list[str]
    written: list[InboundMessage]
    typing: list[int]
    reactions: dict[str, str]
    typing_ends_ms: int = 0
    devices: int = 1


class _Outgoing(msgspec.Struct):
    wamid: str
    target: str
    emoji: str
    code: int | None
    message: str
    details: str | None
    stage: str
    in_window: bool
    withheld: list[Update] = msgspec.field(name="kept")


class _State(msgspec.Struct, kw_only=True):
    version: int
    phone_number_id: str
    ids: Json = msgspec.field(name="mint")
    config: Config
    handsets: list[_Handset]
    accepted: list[Bubble]
    in_flight: list[_Outgoing] = msgspec.field(name="climbers")
    last_written_ms: dict[str, int]
    subscribed: bool
    forms: dict[str, FlowForm]
    templates: list[SubmittedTemplate]
    files: dict[str, File]
    addresses: dict[str, tuple[str, int]]
    rules: list[ArmedRule]
    last_rule: int
    undelivered: list[Undelivered]
    last_webhook: int
    held: bool = False
    token_ends_ms: int | None = None
    token_withdrawn: bool = False
    attempts: list[Attempt] = []
    gathered: list[Update] = []
    paid_until_ms: dict[str, int] = {}
    review_ms: int = REVIEW_MS


def dump(api: CloudApi) -> Json:
    """The whole state as JSON values; bytes as Base64."""
    account = api.account
    state = _State(
        version=VERSION,
        phone_number_id=api.business.phone_number_id,
        ids=api.ids.dump(),
        config=api.config,
        handsets=[_dump_handset(handset) for handset in api.handsets.values()],
        accepted=api.accepted,
        in_flight=[_dump_outgoing(message) for message in api.lifecycle.in_flight],
        last_written_ms=api.last_inbound_ms,
        subscribed=account.subscribed,
        forms=account.forms,
        templates=account.templates,
        files=account.media.files,
        addresses=account.media.addresses,
        rules=list(api.rules),
        last_rule=api.rules.last,
        undelivered=api.dispatcher.undelivered(),
        last_webhook=api.dispatcher.last,
        held=api.dispatcher.held,
        token_ends_ms=account.tokens.ends_ms,
        token_withdrawn=account.tokens.withdrawn,
        attempts=api.dispatcher.attempts[-KEPT_ATTEMPTS:],
        gathered=api.dispatcher.gathered,
        paid_until_ms=api.send_handler.pairs.debts(api.now_ms()),
        review_ms=account.review_ms,
    )
    dumped: Json = msgspec.to_builtins(state)
    return dumped


async def load(api: CloudApi, dumped: Mapping[str, Any]) -> None:
    """Replace the state by a dumped one; its deliveries and statuses continue at once.

    Raises:
        StateError: this is not a valid state of this number; nothing has changed.
    """
    state = _read(api, dumped)
    await api.stop()
    api.forget()
    api.lifecycle.forget()
    api.dispatcher.forget()
    api.ids.load(state.ids)
    api.config = state.config
    _load_account(api, state)
    api.accepted.extend(state.accepted)
    bubbles = {bubble.wamid: bubble for bubble in state.accepted}
    for kept in state.handsets:
        api.remember(_load_handset(api, kept, bubbles))
    api.last_inbound_ms.update(state.last_written_ms)
    api.send_handler.pairs.owe(state.paid_until_ms)
    api.rules.restore(state.rules, state.last_rule)
    api.dispatcher.attempts[:] = state.attempts
    (api.hold if state.held else api.release)()
    api.dispatcher.resume(state.undelivered, last=state.last_webhook, gathered=state.gathered)
    for message in state.in_flight:
        api.resume(_load_outgoing(message, bubbles))


def _read(api: CloudApi, dumped: Mapping[str, Any]) -> _State:
    if dumped.get("version") != VERSION:
        raise StateError(
            f"a state of version {dumped.get('version')!r} cannot be read, only {VERSION}; nothing has changed"
        )
    try:
        state = msgspec.convert(dict(dumped), _State)
        int(state.ids["seed"])
        known = {bubble.wamid for bubble in state.accepted}
        named = {wamid for kept in state.handsets for wamid in kept.bubbles} | {one.wamid for one in state.in_flight}
    except (msgspec.ValidationError, KeyError, ValueError) as error:
        raise StateError(f"no state of a Cloud API: {error}; nothing has changed") from error
    if missing := named - known:
        raise StateError(f"phones hold messages that were never accepted: {sorted(missing)}; nothing has changed")
    if state.phone_number_id != api.business.phone_number_id:
        raise StateError(
            f"the state is of the phone number id {state.phone_number_id}, not {api.business.phone_number_id}; "
            "nothing has changed"
        )
    return state


def _load_account(api: CloudApi, state: _State) -> None:
    account = api.account
    account.subscribed, account.forms, account.templates = state.subscribed, state.forms, state.templates
    account.tokens.ends_ms, account.tokens.withdrawn = state.token_ends_ms, state.token_withdrawn
    account.review_ms = state.review_ms
    account.media.files, account.media.addresses = state.files, state.addresses


def _dump_handset(handset: Handset) -> _Handset:
    return _Handset(
        phone=handset.phone,
        name=handset.name,
        username=handset.username,
        hides_number=handset.hides_number,
        parent_id=handset.parent_id,
        country=handset.country,
        receipts=handset.receipts,
        online=handset.online,
        blocked=handset.blocked,
        bubbles=[bubble.wamid for bubble in handset.bubbles],
        written=handset.sent,
        typing=handset.typing,
        reactions=handset.reactions,
        typing_ends_ms=handset.typing_ends_ms,
        devices=handset.devices,
    )


def _load_handset(api: CloudApi, kept: _Handset, bubbles: Mapping[str, Bubble]) -> Handset:
    handset = Handset(
        api,
        kept.phone,
        name=kept.name,
        receipts=kept.receipts,
        online=kept.online,
        blocked=kept.blocked,
        username=kept.username,
        hides_number=kept.hides_number,
        parent_id=kept.parent_id,
        country=kept.country,
    )
    handset.bubbles = [bubbles[wamid] for wamid in kept.bubbles]
    handset.sent, handset.typing, handset.reactions = kept.written, kept.typing, kept.reactions
    handset.typing_ends_ms, handset.devices = kept.typing_ends_ms, kept.devices
    return handset


def _dump_outgoing(message: OutgoingMessage) -> _Outgoing:
    problem = message.problem
    return _Outgoing(
        wamid=message.bubble.wamid,
        target=message.target,
        emoji=message.emoji,
        code=None if problem is None else problem.code,
        message="" if problem is None else problem.message,
        details=None if problem is None else problem.details,
        stage=message.stage,
        in_window=message.in_window,
        withheld=message.withheld,
    )


def _load_outgoing(kept: _Outgoing, bubbles: Mapping[str, Bubble]) -> OutgoingMessage:
    problem = None if kept.code is None else RefusedError(kept.code, message=kept.message, details=kept.details)
    return OutgoingMessage(
        bubbles[kept.wamid],
        kept.target,
        kept.emoji,
        problem,
        kept.stage,
        kept.in_window,
        withheld=kept.withheld,
    )
