"""The control API: HTTP routes under ``/control`` for people's actions, screens, faults and deliveries.

It is not part of Meta's API. Errors are 4xx with ``{"error": …}``, which says what is wrong and what is possible.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any, Final

import msgspec
from litestar import Request, Response, Router, delete, get, patch, post
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from .api import CloudApi
from .control_schemas import (
    Act,
    ActResult,
    Announce,
    Change,
    Delivery,
    Edit,
    Fill,
    Network,
    NewNumber,
    NewPerson,
    Numbered,
    OpenedForm,
    Person,
    Raw,
    React,
    Screen,
    SendKind,
    Tap,
    TypeText,
    delivery,
    message,
    person,
)
from .delivery import UnknownAttemptError
from .errors import CloudError, HandsetError
from .events import EventSignal
from .faults import CHOICES, ArmedRule, Rule, RuleError
from .handset import Handset
from .phone_numbers import digits
from .values import Config

__all__ = ("LONGEST_WAIT_MS", "ControlError", "control_router", "description_of", "error_response")

LONGEST_WAIT_MS: Final = 60_000

WaitMs = Annotated[
    int, QueryParameter(ge=0, le=LONGEST_WAIT_MS, description="how long to wait for something new, in ms")
]
After = Annotated[int, QueryParameter(ge=0, description="only entries with a higher number")]
_BAD, _UNKNOWN, _NOT_NOW = 400, 404, 409


def description_of(shape: type[Any]) -> str:
    """The description of a schema for the OpenAPI page: its docstring."""
    return inspect.cleandoc(shape.__doc__ or "").partition("\n\nRaises:")[0]


class ControlError(CloudError):
    """A request cannot be fulfilled; nothing was changed."""

    def __init__(self, message: str, *, status: int = _BAD) -> None:
        """Create an error that is answered with this HTTP status."""
        super().__init__(message)
        self.status = status


def control_router(api: CloudApi, signal: EventSignal) -> Router:
    """The routes under ``/control`` for one business phone number; ``signal`` must see every event of ``api``."""
    perform = _actor(api, signal)
    acts = [*_answers(perform), *_other_acts(perform)]
    return Router(
        "/control",
        route_handlers=[
            *_people(api),
            *_screens(api, signal),
            *acts,
            *_faults(api),
            *_deliveries(api, signal),
            *_others(api),
        ],
        exception_handlers={CloudError: error_response, HTTPException: error_response},
    )


def error_response(_: Request[Any, Any, Any], problem: Exception) -> Response[dict[str, Any]]:
    """The HTTP answer for an error."""
    body: dict[str, Any] = {"error": str(problem)}
    if isinstance(problem, HTTPException):
        body["error"] = problem.detail
        status = problem.status_code
        if isinstance(problem.extra, list):
            body |= {"error": "; ".join(_field_error(one) for one in problem.extra), "where": problem.extra}
    else:
        known: Mapping[type[Exception], int] = {HandsetError: _NOT_NOW, UnknownAttemptError: _UNKNOWN}
        status = getattr(problem, "status", None) or next(
            (status for kind, status in known.items() if isinstance(problem, kind)), _BAD
        )
    return Response(body, status_code=status)


def _field_error(where: Any) -> str:
    """The error text for a field, with its possible values."""
    if not isinstance(where, dict):
        return str(where)
    message = str(where.get("message", where))
    known = CHOICES.get(str(where.get("key")))
    return f"{message}; there are: {', '.join(known)}" if known and message.startswith("Invalid enum") else message


def _handset(api: CloudApi, phone: str) -> Handset:
    handset = api.handsets.get(digits(phone))
    if handset is None:
        existing = ", ".join(api.handsets) or "nobody yet"
        raise ControlError(
            f"nobody has the phone {phone} (there are: {existing}); POST /control/people gives somebody a phone",
            status=_UNKNOWN,
        )
    return handset


def _screen(handset: Handset, after: int) -> Screen:
    shown = handset.screen
    return Screen(
        handset.phone,
        len(shown),
        handset.typing_shown,
        [message(number, bubble) for number, bubble in enumerate(shown, 1) if number > after],
        dict(handset.reactions),
    )


def _people(api: CloudApi) -> list[HTTPRouteHandler]:
    @get("/people", tags=["people"], summary="List people")
    async def people() -> list[Person]:
        return [person(handset) for handset in api.handsets.values()]

    @post("/people", tags=["people"], summary="Give a person a phone", description=description_of(NewPerson))
    async def add(data: JSONBody[NewPerson]) -> Person:
        fields = msgspec.structs.asdict(data)
        try:
            return person(api.handset(fields.pop("phone"), name=fields.pop("name"), **fields))
        except ValueError as error:
            raise ControlError(f"{error}; a phone number is written like +44 7700 900123", status=_BAD) from None

    @patch(
        "/people/{phone:str}",
        tags=["people"],
        summary="Switch a phone off, block the business, hide the number...",
        description=description_of(Change),
    )
    async def change(phone: FromPath[str], data: JSONBody[Change]) -> Person:
        handset = _handset(api, phone)
        for name, value in msgspec.structs.asdict(data).items():
            if value is not None and name != "online":
                setattr(handset, name, value)
        if data.online is not None:
            (handset.switch_on if data.online else handset.switch_off)()
        return person(handset)

    return [people, add, change]


def _screens(api: CloudApi, signal: EventSignal) -> list[HTTPRouteHandler]:
    @get("/people/{phone:str}/screen", tags=["people"], summary="Read the screen of a phone")
    async def screen(phone: FromPath[str], after: After = 0, wait_ms: WaitMs = 0) -> Screen:
        handset = _handset(api, phone)
        await signal.wait_until(lambda: len(handset.screen) > after, wait_ms)
        return _screen(handset, after)

    @get("/people/{phone:str}/form", tags=["people"], summary="Read the fields of a form on a phone")
    async def form(phone: FromPath[str], message: FromQuery[str | None] = None) -> OpenedForm:
        shown, opened = _handset(api, phone).form(message)
        if opened is None:
            raise ControlError("only the id of this form is known here: any answers will do", status=_UNKNOWN)
        return OpenedForm(shown.wamid, opened.fields())

    return [screen, form]


_Do = Callable[[str, Act, Callable[[Handset], str]], Awaitable[ActResult]]


def _actor(api: CloudApi, signal: EventSignal) -> _Do:
    """A function that performs a person's action; its result has the wamid and the new messages on the screen."""

    async def perform(phone: str, act_request: Act, act: Callable[[Handset], str]) -> ActResult:
        if not 0 <= act_request.wait_ms <= LONGEST_WAIT_MS:
            raise ControlError(f"wait_ms is from 0 to {LONGEST_WAIT_MS}, not {act_request.wait_ms}; nothing was done")
        handset = _handset(api, phone)
        before = len(handset.screen)
        try:
            wamid = act(handset)
        except ValueError as error:
            raise ControlError(str(error)) from None
        await signal.wait_until(lambda: len(handset.screen) > before, act_request.wait_ms)
        return ActResult(wamid, _screen(handset, before))

    return perform


def _answers(perform: _Do) -> list[HTTPRouteHandler]:
    """Routes for the usual answers."""

    @post(
        "/people/{phone:str}/type",
        tags=["acts"],
        summary="Type a text and send it",
        description=description_of(TypeText),
    )
    async def type_text(phone: FromPath[str], data: JSONBody[TypeText]) -> ActResult:
        return await perform(
            phone, data, lambda handset: handset.type(data.text, reply_to=data.reply_to, forwarded=data.forwarded)
        )

    @post("/people/{phone:str}/tap", tags=["acts"], summary="Tap a button or a row", description=description_of(Tap))
    async def tap(phone: FromPath[str], data: JSONBody[Tap]) -> ActResult:
        return await perform(phone, data, lambda handset: handset.tap(data.message, data.choice, context=data.context))

    @post(
        "/people/{phone:str}/fill",
        tags=["acts"],
        summary="Fill in a form and submit it",
        description=description_of(Fill),
    )
    async def fill(phone: FromPath[str], data: JSONBody[Fill]) -> ActResult:
        return await perform(
            phone,
            data,
            lambda handset: handset.fill(data.message, data.answers, with_token=data.with_token, checked=data.checked),
        )

    @post(
        "/people/{phone:str}/send",
        tags=["acts"],
        summary="Send a message other than text",
        description=description_of(SendKind),
    )
    async def send(phone: FromPath[str], data: JSONBody[SendKind]) -> ActResult:
        return await perform(phone, data, lambda handset: handset.send(data.kind, **data.fields))

    return [type_text, tap, fill, send]


def _other_acts(perform: _Do) -> list[HTTPRouteHandler]:
    """Routes for other actions."""

    @post("/people/{phone:str}/react", tags=["acts"], summary="React to a message", description=description_of(React))
    async def react(phone: FromPath[str], data: JSONBody[React]) -> ActResult:
        return await perform(phone, data, lambda handset: handset.react(data.message or _newest(handset), data.emoji))

    @post(
        "/people/{phone:str}/edit",
        tags=["acts"],
        summary="Edit or delete an own message",
        description=description_of(Edit),
    )
    async def edit(phone: FromPath[str], data: JSONBody[Edit]) -> ActResult:
        def act(handset: Handset) -> str:
            if data.text is None:
                return handset.revoke(data.message)
            return handset.edit(data.message, data.text, coexistence=data.coexistence)

        return await perform(phone, data, act)

    @post(
        "/people/{phone:str}/number",
        tags=["acts"],
        summary="Move to another phone number",
        description=description_of(NewNumber),
    )
    async def number(phone: FromPath[str], data: JSONBody[NewNumber]) -> ActResult:
        return await perform(phone, data, lambda handset: handset.change_number(data.phone, form=data.form))

    @post(
        "/people/{phone:str}/raw", tags=["acts"], summary="Send any JSON as a message", description=description_of(Raw)
    )
    async def raw(phone: FromPath[str], data: JSONBody[Raw]) -> ActResult:
        return await perform(phone, data, lambda handset: handset.raw(data.message, contact=data.contact))

    return [react, edit, number, raw]


def _newest(handset: Handset) -> str:
    if not handset.screen:
        raise HandsetError(f"the screen of {handset.phone} is empty: there is nothing to react to")
    return handset.screen[-1].wamid


def _faults(api: CloudApi) -> list[HTTPRouteHandler]:
    @get("/faults", tags=["faults"], summary="List the fault rules in force")
    async def faults() -> list[ArmedRule]:
        return list(api.rules)

    @post("/faults", tags=["faults"], summary="Add a fault rule", description=description_of(Rule))
    async def add(data: JSONBody[Rule]) -> Numbered:
        return Numbered(api.rules.add(data))

    @delete("/faults", tags=["faults"], summary="Remove all fault rules", status_code=200)
    async def clear() -> list[ArmedRule]:
        existing = list(api.rules)
        api.rules.clear()
        return existing

    @delete("/faults/{number:int}", tags=["faults"], summary="Remove a fault rule", status_code=200)
    async def remove(number: FromPath[int]) -> list[ArmedRule]:
        try:
            api.rules.remove(number)
        except RuleError as error:
            raise ControlError(str(error), status=_UNKNOWN) from None
        return list(api.rules)

    return [faults, add, clear, remove]


def _deliveries(api: CloudApi, signal: EventSignal) -> list[HTTPRouteHandler]:
    @get("/deliveries", tags=["deliveries"], summary="Read the log of webhook deliveries")
    async def deliveries(phone: FromQuery[str | None] = None, after: After = 0, wait_ms: WaitMs = 0) -> list[Delivery]:
        def those() -> Sequence[Delivery]:
            return [
                delivery(attempt)
                for attempt in api.deliveries
                if attempt.number >= after and (phone is None or digits(phone) in attempt.phones)
            ]

        await signal.wait_until(lambda: bool(those()), wait_ms)
        return list(those())

    @post("/deliveries/{number:int}/redeliver", tags=["deliveries"], summary="Deliver the same bytes once more")
    async def redeliver(number: FromPath[int]) -> Numbered:
        return Numbered(api.redeliver(number))

    @post(
        "/network",
        tags=["deliveries"],
        summary="Hold webhooks back, or deliver them",
        description=description_of(Network),
    )
    async def network(data: JSONBody[Network]) -> Network:
        (api.hold if data.held else api.release)()
        return data

    return [deliveries, redeliver, network]


def _others(api: CloudApi) -> list[HTTPRouteHandler]:
    @post(
        "/announce",
        tags=["others"],
        summary="Deliver a webhook of a field other than messages",
        status_code=202,
        description=description_of(Announce),
    )
    async def announce(data: JSONBody[Announce]) -> None:
        try:
            api.announce(data.field, data.value)
        except ValueError as error:
            raise ControlError(str(error)) from None

    @get("/knobs", tags=["others"], summary="Read the configuration")
    async def config() -> Config:
        return api.config

    @patch("/knobs", tags=["others"], summary="Change the configuration", description=description_of(Config))
    async def change_config(data: JSONBody[dict[str, Any]]) -> Config:
        unknown = sorted(set(data) - set(Config.__dataclass_fields__))
        if unknown:
            raise ControlError(
                f"no knob is called {', '.join(unknown)}; GET /control/knobs shows them; none was turned"
            )
        try:
            changed = msgspec.convert(msgspec.to_builtins(api.config) | data, Config)
        except msgspec.ValidationError as error:
            raise ControlError(f"{error}; no knob was turned") from None
        api.change(**{name: getattr(changed, name) for name in data})
        return api.config

    return [announce, config, change_config]
