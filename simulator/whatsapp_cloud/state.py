"""All that WhatsApp holds, as one JSON value: taken from one Cloud API and put into another, also after a restart.

What a second later nobody would miss stays out: how many messages went in the last second.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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
"""So many deliveries of the log are kept, the newest."""


class StateError(CloudError, ValueError):
    """A state cannot be taken in; what was here before is still here."""


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


@dataclass
class _Climber:
    wamid: str
    target: str
    emoji: str
    code: int | None
    message: str
    details: str | None
    stage: str
    in_window: bool
    kept: list[Update]


@dataclass
class _State:
    version: int
    phone_number_id: str
    mint: Json
    config: Config
    handsets: list[_Handset]
    accepted: list[Bubble]
    climbers: list[_Climber]
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
    attempts: list[Attempt] = field(default_factory=list)
    gathered: list[Update] = field(default_factory=list)
    paid_until_ms: dict[str, int] = field(default_factory=dict)
    review_ms: int = REVIEW_MS


def dump(api: CloudApi) -> Json:
    """Everything, as values that JSON has; bytes as Base64."""
    account = api.account
    state = _State(
        version=VERSION,
        phone_number_id=api.business.phone_number_id,
        mint=api.ids.dump(),
        config=api.config,
        handsets=[_kept(handset) for handset in api.handsets.values()],
        accepted=api.accepted,
        climbers=[_on_the_way(climber) for climber in api.lifecycle.in_flight],
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
    """Take in what another one dumped, in place of everything here; deliveries and statuses go on at once.

    Raises:
        StateError: it is no such state; nothing has changed.
    """
    state = _read(api, dumped)
    await api.stop()
    api.forget()
    api.lifecycle.forget()
    api.dispatcher.forget()
    api.ids.load(state.mint)
    api.config = state.config
    _account(api, state)
    api.accepted.extend(state.accepted)
    bubbles = {bubble.wamid: bubble for bubble in state.accepted}
    for kept in state.handsets:
        api.remember(_handset(api, kept, bubbles))
    api.last_inbound_ms.update(state.last_written_ms)
    api.send_handler.pairs.owe(state.paid_until_ms)
    api.rules.restore(state.rules, state.last_rule)
    api.dispatcher.attempts[:] = state.attempts
    (api.hold if state.held else api.release)()
    api.dispatcher.resume(state.undelivered, last=state.last_webhook, gathered=state.gathered)
    for climber in state.climbers:
        api.resume(_climber(climber, bubbles))


def _read(api: CloudApi, dumped: Mapping[str, Any]) -> _State:
    if dumped.get("version") != VERSION:
        raise StateError(
            f"a state of version {dumped.get('version')!r} cannot be read, only {VERSION}; nothing has changed"
        )
    try:
        state = msgspec.convert(dict(dumped), _State)
        int(state.mint["seed"])
        known = {bubble.wamid for bubble in state.accepted}
        named = {wamid for kept in state.handsets for wamid in kept.bubbles} | {one.wamid for one in state.climbers}
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


def _account(api: CloudApi, state: _State) -> None:
    account = api.account
    account.subscribed, account.forms, account.templates = state.subscribed, state.forms, state.templates
    account.tokens.ends_ms, account.tokens.withdrawn = state.token_ends_ms, state.token_withdrawn
    account.review_ms = state.review_ms
    account.media.files, account.media.addresses = state.files, state.addresses


def _kept(handset: Handset) -> _Handset:
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


def _handset(api: CloudApi, kept: _Handset, bubbles: Mapping[str, Bubble]) -> Handset:
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


def _on_the_way(climber: OutgoingMessage) -> _Climber:
    problem = climber.problem
    return _Climber(
        wamid=climber.bubble.wamid,
        target=climber.target,
        emoji=climber.emoji,
        code=None if problem is None else problem.code,
        message="" if problem is None else problem.message,
        details=None if problem is None else problem.details,
        stage=climber.stage,
        in_window=climber.in_window,
        kept=climber.withheld,
    )


def _climber(kept: _Climber, bubbles: Mapping[str, Bubble]) -> OutgoingMessage:
    problem = None if kept.code is None else RefusedError(kept.code, message=kept.message, details=kept.details)
    return OutgoingMessage(
        bubbles[kept.wamid],
        kept.target,
        kept.emoji,
        problem,
        kept.stage,
        kept.in_window,
        withheld=kept.kept,
    )
