"""Amounts from the first character typed to what core is sent: exact, or refused in words."""

from __future__ import annotations

import re
from collections.abc import Coroutine, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, TypeVar

import msgspec
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from service import flows
from service.conversation import CallFinished, Event, Received, Session, Turn, take_turn
from service.credex.endpoints import Endpoint
from service.credex.values import CredexState, LedgerEntry, Written
from service.domain import Account, ButtonReply, Dashboard, Denomination, InboundMessage, Money, Recipient, TextMessage
from service.domain.commands import Done, FindAccount, Known, Login, Outcome
from service.messages import Buttons
from service.writes.create_offer import CreateOffer
from service.writes.pending_write import PendingWrite, PendingWrites
from service.writes.reconciler import Reconciler
from tests.hypothesis_profiles import examples
from tests.unit.reconciler_desk import FARAI, MINE, START_MS, TARIRO, Request

T = TypeVar("T")

BOOK: Final = flows.flow_registry()
RECIPIENT: Final = Recipient("account-of-farai", FARAI, "farai_shop")
LARGEST: Final = "999,999,999,999.99"

# -- what is typed --------------------------------------------------------------------------------------------------

_CODES: Final = st.sampled_from(
    ["", "", "", "USD", "usd", "ZWG", "XAU", "CXX", "CAD", "cad", "EUR", "US", "$", "US$", "(USD)", "USD "]
)
_WHOLE: Final = st.one_of(st.text("0123456789", min_size=1, max_size=14), st.integers(0, 10**13).map("{:,}".format))
_DECIMALS: Final = st.one_of(st.just(""), st.text("0123456789", max_size=6).map(".{}".format))
_SIGN: Final = st.sampled_from(["", "", "", "", "-", "+", " ", "  "])

_WRITTEN: Final = st.tuples(_CODES, _SIGN, _WHOLE, _DECIMALS, _SIGN, _CODES).map("".join)
"""Amounts as people write them, right or nearly right."""

TYPED: Final = st.one_of(
    _WRITTEN,
    _WRITTEN,
    st.text("0123456789.,-+eE $ USDZWGXAUCn", max_size=30),
    st.text(max_size=70),
    st.sampled_from(["nan", "inf", "-inf", "1e5", "0x10", "１２", "٣", "1_000", "0", "0.00", "1.000,50", "½", "5 5"]),
)


# -- one conversation -----------------------------------------------------------------------------------------------


class _Talk:
    """Tariro's side of the offer flow, with core answering at once."""

    def __init__(self, default: Denomination) -> None:
        self._default = default
        self.session: Session | None = None
        self.turn: Turn | None = None
        self.offers: list[CreateOffer] = []

    def says(self, text: str) -> None:
        self._hears(TextMessage(text))

    def confirms(self) -> None:
        assert self.session is not None
        (tapped,) = [option for option in self.session.options if option.title == "Confirm"]
        self._hears(ButtonReply(tapped.id, tapped.title))

    @property
    def asks(self) -> Money | None:
        """The amount on the confirmation, if one is on the screen."""
        if self.session is None or (self.session.flow, self.session.step) != ("offer", "confirm"):
            return None
        assert self.turn is not None
        body = next(message.body for message in self.turn.messages if isinstance(message, Buttons))
        (shown,) = re.findall(r"^Offer \*([^*]+)\* to", body, re.MULTILINE)
        return Money.displayed(shown)

    def _hears(self, content: TextMessage | ButtonReply) -> None:
        inbound = InboundMessage("wamid.1", START_MS, START_MS, content)
        self._take(Received(TARIRO, inbound))
        for _ in range(10):
            call = self.turn.call if self.turn else None
            if call is None:
                return
            self._take(CallFinished(TARIRO, self._core(call)))

    def _take(self, event: Event) -> None:
        kept = None if self.session is None else msgspec.json.decode(msgspec.json.encode(self.session), type=Session)
        self.turn = take_turn(BOOK, kept, event, START_MS)
        self.session = self.turn.session

    def _core(self, call: object) -> Outcome:
        match call:
            case Login():
                return Known(_dashboard(self._default))
            case FindAccount():
                return Known(RECIPIENT)
            case CreateOffer():
                self.offers.append(call)
                return Done(None, "c-new")
            case _:
                raise AssertionError(f"nobody wanted {call}")


def _dashboard(default: Denomination) -> Dashboard:
    account = Account(MINE, "Tariro Moyo Personal", TARIRO, "PERSONAL", default, owned=True)
    return Dashboard("m-1", "Tariro", "Moyo", TARIRO, 3, default, None, (account,))


def _at_once(work: Coroutine[Any, Any, T]) -> T:
    """Run what never waits."""
    try:
        work.send(None)
    except StopIteration as done:
        value: T = done.value
        return value
    raise AssertionError("it waited")


def _sent(call: CreateOffer) -> str:
    """What core is sent, after the intent was written down and read back."""
    core = _Prompt()
    money = Reconciler(core, lambda: START_MS)
    prepared = _at_once(money.prepare(TARIRO, call, seq=1, session=Session(), pending=PendingWrites()))
    assert isinstance(prepared, PendingWrite)
    stored = msgspec.json.decode(msgspec.json.encode(prepared), type=PendingWrite)
    assert isinstance(_at_once(money.send(TARIRO, stored, ())), Done)
    ((endpoint, body),) = core.sent
    assert endpoint.path == "createCredex"
    return f"{body['InitialAmount']} {body['Denomination']}"


class _Prompt:
    """A core that answers without waiting, and never unclearly."""

    def __init__(self) -> None:
        self.sent: list[Request] = []

    async def dashboard(self, member: str) -> Dashboard:  # noqa: ARG002 - the shape of WritesToCore
        return _dashboard(Denomination.USD)

    async def send(
        self,
        member: str,  # noqa: ARG002
        endpoint: Endpoint,
        body: Mapping[str, object],
        *,
        within_s: float,  # noqa: ARG002
    ) -> Written:
        self.sent.append((endpoint, body))
        return Written("c-new", None)

    async def state(self, member: str, credex_id: str, account_id: str) -> CredexState:
        raise NotImplementedError

    async def accepted(self, member: str, account_id: str) -> Sequence[LedgerEntry]:
        raise NotImplementedError


def _digits(typed: str) -> Decimal:
    """The number that was typed, read without any of the bot's code."""
    return Decimal("".join(re.findall(r"[0-9.]", typed)))


@settings(max_examples=examples(10_000), deadline=None)
@given(typed=TYPED, default=st.sampled_from(Denomination), at_once=st.booleans())
@example(typed=LARGEST, default=Denomination.USD, at_once=True)
@example(typed=f"{LARGEST}9", default=Denomination.USD, at_once=False)
@example(typed="0.0001 XAU", default=Denomination.ZWG, at_once=False)
@example(typed="1.005", default=Denomination.USD, at_once=True)
def test_what_is_confirmed_is_what_core_gets(typed: str, default: Denomination, *, at_once: bool) -> None:
    """Whatever is typed: it never raises, rounds nothing, and core gets to the last digit what stood on the screen."""
    assume(at_once or "=>" not in typed)  # that would be the notation of a whole offer, and not an amount
    talk = _Talk(default)
    if at_once:
        talk.says(f"{typed}=>farai_shop")
    else:
        talk.says("offer")
        talk.says(typed)
        if talk.session is not None and talk.session.step == "handle":
            talk.says("farai_shop")
    shown = talk.asks
    assert talk.offers == []  # nothing is offered before it is confirmed
    if shown is None:
        return
    assert shown.amount == _digits(typed)
    assert shown.amount > 0
    talk.confirms()
    (call,) = talk.offers
    assert call.amount == shown
    assert _sent(call) == f"{shown.plain} {shown.denomination}"
    assert Decimal(shown.plain) == _digits(typed)
