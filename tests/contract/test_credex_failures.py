"""What the client is certain of when the network, core or the cache fails: a write is sent once, whatever happens."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable

import pytest

from service.credex.errors import (
    BudgetExhaustedError,
    CredexError,
    NoAnswerError,
    NotFoundError,
    NotSentError,
    RefusedError,
    ServerError,
    TooManyRequestsError,
    UnauthorisedError,
)
from service.domain import Denomination
from simulator.credex_core import API_KEY, Quirks, State
from simulator.world.faults import Answer, Effect, Fault
from tests.credex_world import FARAI, TARIRO, MemoryTokens, World, in_world, usd

Write = Callable[[World], Awaitable[object]]


def _pending(world: World) -> str:
    return world.core.offers()[0].credex_id


WRITES: dict[str, Write] = {
    "onboardMember": lambda world: world.client.onboard(
        "263773456789", first_name="Rudo", last_name="Dube", denomination=Denomination.USD
    ),
    "createCredex": lambda world: world.offered(usd("2.50")),
    "acceptCredex": lambda world: world.client.accept_credex(FARAI, _pending(world)),
    "declineCredex": lambda world: world.client.decline_credex(FARAI, _pending(world)),
    "cancelCredex": lambda world: world.client.cancel_credex(TARIRO, _pending(world)),
}


async def _ready(world: World) -> None:
    """An offer to act upon, and both members logged in."""
    world.core.offer(TARIRO, "farai_shop", usd("1"))
    await world.client.login(TARIRO)
    await world.client.login(FARAI)
    world.core.calls.clear()


def html(status: int) -> Answer:
    """What a proxy says in place of core."""
    return Answer(status, "<html>Sorry</html>", {"content-type": "text/html"})


@pytest.mark.parametrize("endpoint", WRITES)
@pytest.mark.parametrize(
    ("fault", "error", "reached"),
    [
        (Fault(Effect.REFUSED), NotSentError, 0),
        (Fault(Effect.RESET), NoAnswerError, 0),
        (Fault(Effect.RESET, after=True), NoAnswerError, 1),
        (Fault(Effect.TIMEOUT), NoAnswerError, 0),
        (Fault(Effect.TIMEOUT, after=True), NoAnswerError, 1),
        (Fault(Effect.SLOW, slow_ms=12_000), NoAnswerError, 0),
        (Fault(Effect.SLOW, slow_ms=12_000, after=True), NoAnswerError, 1),
        (Fault(Effect.ANSWER, after=True, answer=html(200)), NoAnswerError, 1),
        (
            Fault(Effect.ANSWER, after=True, answer=Answer.json(200, {"data": {"action": {"type": "?"}}})),
            NoAnswerError,
            1,
        ),
        (Fault(Effect.ANSWER, after=True, answer=Answer.json(200, {})), NoAnswerError, 1),
        (Fault(Effect.ANSWER, after=True, answer=html(302)), ServerError, 1),
        (Fault(Effect.ANSWER, after=True, answer=html(404)), ServerError, 1),
        (Fault(Effect.ANSWER, after=True, answer=html(502)), ServerError, 1),
        (Fault(Effect.ANSWER, answer=Answer.json(500, {"error": "Internal server error"})), ServerError, 0),
        (Fault(Effect.ANSWER, answer=Answer.json(401, {"message": "Invalid token"})), UnauthorisedError, 0),
        (Fault(Effect.ANSWER, answer=Answer(429, "Too many requests")), TooManyRequestsError, 0),
        (Fault(Effect.ANSWER, after=True, answer=Answer.json(400, {"error": "No signature"})), RefusedError, 1),
    ],
    ids=lambda value: f"{value.effect}{'-after' * value.after}" if isinstance(value, Fault) else None,
)
def test_a_write_is_sent_once_and_its_fate_named(
    endpoint: str, fault: Fault, error: type[CredexError], reached: int
) -> None:
    """Only a connection that never was is certain; core sees the write at most once, and nothing after it."""

    async def play(world: World) -> None:
        await _ready(world)
        world.faults.add(Fault(fault.effect, endpoint, fault.after, None, fault.answer, fault.slow_ms))
        with pytest.raises(CredexError) as caught:
            await WRITES[endpoint](world)
        assert type(caught.value) is error
        assert [endpoint] * reached == world.endpoints()

    in_world(play)


@pytest.mark.parametrize("after", [False, True])
def test_one_deadline_bounds_a_call(*, after: bool) -> None:
    """Whatever hangs, the caller has an error after the deadline, in virtual time to the millisecond."""

    async def play(world: World) -> int:
        await _ready(world)
        world.faults.add(Fault(Effect.TIMEOUT, after=after))
        began = world.clock.now_ms()
        with pytest.raises(NoAnswerError):
            await world.offered(usd("1"))
        return world.clock.now_ms() - began

    assert in_world(play) == 10_000


def test_the_login_before_a_write_shares_its_deadline() -> None:
    """A slow login leaves the write less time, and both together no more than one deadline."""

    async def play(world: World) -> int:
        began = world.clock.now_ms()
        world.faults.add(Fault(Effect.SLOW, "login", slow_ms=6_000))
        world.faults.add(Fault(Effect.SLOW, "createCredex", slow_ms=6_000))
        with pytest.raises(NoAnswerError):
            await world.offered(usd("1"))
        return world.clock.now_ms() - began

    assert in_world(play) == 10_000


@pytest.mark.parametrize(
    "fault",
    [
        Fault(Effect.TIMEOUT, "login"),
        Fault(Effect.RESET, "login", after=True),
        Fault(Effect.ANSWER, "login", answer=Answer.json(404, {"message": "Member not found"})),
        Fault(Effect.ANSWER, "login", answer=Answer.json(500, {})),
        Fault(Effect.ANSWER, "login", answer=Answer(429, "Too many requests")),
        Fault(Effect.ANSWER, "login", answer=Answer.json(200, {"success": True, "data": {}})),
    ],
    ids=["timeout", "reset", "not-found", "failure", "limit", "no-token"],
)
def test_a_write_whose_login_failed_was_not_sent(fault: Fault) -> None:
    """Whatever the login met, the write itself is certain not to have happened."""

    async def play(world: World) -> None:
        world.faults.add(fault)
        with pytest.raises(NotSentError):
            await world.offered(usd("1"))
        assert "createCredex" not in world.endpoints()

    in_world(play)


@pytest.mark.parametrize("status", [404, 400, 500])
def test_an_offer_hidden_behind_an_error_is_neither_refused_for_sure_nor_absent(status: int) -> None:
    """Core made it and answered with an error: the client says so much as core did, and does not say not sent."""

    async def play(world: World) -> None:
        with pytest.raises(CredexError) as caught:
            await world.offered(usd("2.50"))
        assert not isinstance(caught.value, (NotSentError, NotFoundError))
        assert [usd("2.50")] == [
            offer.amount for account in (await world.client.login(TARIRO)).accounts for offer in account.outgoing
        ]
        assert world.endpoints().count("createCredex") == 1

    in_world(
        play,
        quirks=Quirks(
            created_but_404=int(status == 404),
            created_but_400=int(status == 400),
            created_but_500=int(status == 500),
        ),
    )


@pytest.mark.parametrize("status", [200, 404, 409, 500])
def test_the_action_decides_a_write_not_the_status(status: int) -> None:
    """An answer that says CREDEX_ACCEPTED is a success under any status."""
    body: dict[str, object] = {
        "data": {"action": {"id": None, "type": "CREDEX_ACCEPTED", "details": {}}, "dashboard": {}}
    }

    async def play(world: World) -> None:
        await _ready(world)
        world.faults.add(Fault(Effect.ANSWER, answer=Answer.json(status, body)))
        written = await world.client.accept_credex(FARAI, _pending(world))
        assert (_pending(world), None) == (written.credex_id, written.dashboard)

    in_world(play)


def test_an_unreadable_dashboard_does_not_undo_a_write() -> None:
    """Core said that it is done; that the dashboard cannot be read is another matter."""
    body = {"data": {"action": {"type": "CREDEX_ACCEPTED"}, "dashboard": {"member": {}, "accounts": "many"}}}

    async def play(world: World) -> None:
        await _ready(world)
        world.faults.add(Fault(Effect.ANSWER, answer=Answer.json(200, body)))
        written = await world.client.accept_credex(FARAI, _pending(world))
        assert written.dashboard is None

    in_world(play)


@pytest.mark.parametrize(
    "answer",
    [
        html(404),
        Answer.json(404, {"status": "error", "statusCode": 404, "message": "Cannot POST /login: not found"}),
        Answer.json(400, {"message": "The phone number is invalid"}),
    ],
)
def test_only_core_itself_makes_somebody_a_stranger(answer: Answer) -> None:
    """A wrong path or a proxy's 404 does not: everybody would be asked to register."""

    async def play(world: World) -> None:
        world.faults.add(Fault(Effect.ANSWER, answer=answer))
        with pytest.raises(CredexError) as caught:
            await world.client.login(TARIRO)
        assert not isinstance(caught.value, NotFoundError)

    in_world(play)


@pytest.mark.parametrize("status", [400, 404])
def test_older_cores_know_no_such_member_either(status: int) -> None:
    """Their words say so, whatever the status."""

    async def play(world: World) -> None:
        world.faults.add(Fault(Effect.ANSWER, answer=Answer.json(status, {"message": "Member not found"})))
        with pytest.raises(NotFoundError):
            await world.client.login(TARIRO)

    in_world(play)


def test_a_second_401_ends_a_read() -> None:
    """One new login, one repetition, then the truth."""

    async def play(world: World) -> list[str]:
        world.faults.add(Fault(Effect.ANSWER, "getAccountByHandle", times=None, answer=Answer.json(401, {})))
        with pytest.raises(UnauthorisedError):
            await world.client.account_by_handle(TARIRO, "farai_shop")
        return world.endpoints()

    assert in_world(play) == ["login", "login"]


def test_calls_wait_for_the_budget() -> None:
    """They queue: the third call in a minute that allows two comes when the minute is over."""

    async def play(world: World) -> list[int]:
        began = world.clock.now_ms()
        await asyncio.gather(*(world.client.login(TARIRO) for _ in range(3)))
        return [call.at_ms - began for call in world.core.calls]

    assert in_world(play, per_minute=2, deadline_s=61) == [0, 0, 60_000]


def test_no_room_within_the_deadline_is_said_at_once_and_nothing_sent() -> None:
    """Nobody waits for a call that cannot be made in time."""

    async def play(world: World) -> None:
        await world.client.login(TARIRO)
        with pytest.raises(BudgetExhaustedError) as caught:
            await world.offered(usd("1"))
        assert caught.value.wait_ms == 60_000
        assert world.endpoints() == ["login"]
        assert world.clock.now_ms() == world.core.calls[-1].at_ms

    in_world(play, per_minute=1)


def test_a_429_pauses_everyone_for_as_long_as_core_says() -> None:
    """The call that met it fails; the next one, of anybody, waits until core's window is over."""

    async def play(world: World) -> None:
        world.core.rate_limit = 2
        began = world.clock.now_ms()
        for _ in range(2):
            await world.client.login(TARIRO)
        await asyncio.sleep(55)
        with pytest.raises(TooManyRequestsError) as caught:
            await world.client.login(TARIRO)
        assert caught.value.retry_after_s == 5
        await world.client.login(FARAI)
        assert world.core.calls[-1].at_ms - began == 60_000
        assert [call.status for call in world.core.calls] == [200, 200, 429, 200]

    in_world(play)


def test_a_budget_of_core_s_own_size_never_meets_a_429() -> None:
    """Core counts in fixed windows, the budget in sliding ones: it stays below in each of core's."""

    async def play(world: World) -> set[int]:
        world.core.rate_limit = 5
        await asyncio.gather(*(world.client.login(TARIRO) for _ in range(23)))
        return {call.status for call in world.core.calls}

    assert in_world(play, per_minute=5, deadline_s=600) == {200}


class HangingTokens(MemoryTokens):
    """A cache that never answers a write."""

    async def put(self, member: str, token: str) -> None:  # noqa: ARG002 - the shape of Tokens
        """Never comes back."""
        await asyncio.Event().wait()


def test_a_cache_that_hangs_does_not_lose_core_s_answer() -> None:
    """The write is done and said to be done, though its token could not be kept."""

    async def play(world: World) -> None:
        assert await world.offered(usd("2.50")) == _pending(world)

    in_world(play, tokens=HangingTokens)


def test_no_error_shows_a_secret() -> None:
    """Token, API key and phone number are in no message, no repr and no traceback's last lines."""

    async def play(world: World) -> None:
        await _ready(world)
        token = await world.tokens.get(TARIRO)
        assert token is not None
        answers: list[Answer | None] = [
            Answer.json(400, {"message": f"Phone {TARIRO} with Bearer {token} and eyJh.eyJz.c2ln is invalid"}),
            Answer.json(401, {"message": f"{token} {API_KEY}"}),
            Answer.json(500, {"error": f"{token} {API_KEY} {TARIRO}"}),
            Answer(200, f"{token} {TARIRO}"),
            None,
        ]
        for answer in answers:
            effect = Effect.RESET if answer is None else Effect.ANSWER
            world.faults.add(Fault(effect, "cancelCredex", answer=answer))
            await world.client.login(TARIRO)
            with pytest.raises(CredexError) as caught:
                await world.client.cancel_credex(TARIRO, _pending(world))
            reason = getattr(caught.value, "reason", "")
            said = f"{caught.value!r} {caught.value} {reason} {world.client!r} {world.tokens!r}"
            said += "".join(traceback.format_exception(caught.value))
            assert not [secret for secret in (token, API_KEY, TARIRO, "eyJh") if secret in said]

    in_world(play)


def test_a_refused_write_changes_nothing() -> None:
    """After a refusal the offer is as it was."""

    async def play(world: World) -> State:
        await _ready(world)
        with pytest.raises(RefusedError):
            await world.client.accept_credex(TARIRO, _pending(world))
        return world.core.credexes()[-1].state

    assert in_world(play) is State.OFFERS
