"""The rules towards the network: each script runs once a call, and no failure damages the client."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import pytest

from service.mailbox import CommitResult, Mailbox, StateUnavailableError, open_cache, open_state
from tests.contract.mailbox_steps import LEASE, MEMBER, NOW, claimed, deliver, posting, reply_with
from tests.redis_server import redis_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from redis.asyncio import Redis

T = TypeVar("T")

PATIENT_S = 60.0
"""Nothing here waits for it: lines break, and nobody listens."""


class LossyLine:
    """A line to Redis that, once `losing`, carries questions there and breaks before any answer comes back."""

    def __init__(self, port: int) -> None:
        self.losing = False
        self._port = port
        self._lines: list[asyncio.Task[None]] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_redis_in, to_redis_out = await asyncio.open_connection("127.0.0.1", self._port)
        self._lines += [
            asyncio.create_task(self._carry(reader, to_redis_out, answers=False)),
            asyncio.create_task(self._carry(to_redis_in, writer, answers=True)),
        ]

    async def hang_up(self) -> None:
        await asyncio.gather(*self._lines)

    async def _carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, answers: bool) -> None:
        while data := await source.read(65_536):
            if answers and self.losing:
                break
            sink.write(data)
        sink.close()
        await sink.wait_closed()


@asynccontextmanager
async def lossy_line(redis_url: str) -> AsyncIterator[tuple[LossyLine, Redis]]:
    """A line to this Redis, and a client at its other end."""
    line = LossyLine(urlsplit(redis_url).port or 0)
    server = await asyncio.start_server(line.serve, "127.0.0.1", 0)
    client = open_state(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}", timeout_s=PATIENT_S)
    yield line, client
    await client.aclose()
    await line.hang_up()
    server.close()
    await server.wait_closed()


async def test_a_script_whose_answer_was_lost_has_run_once(clean_redis: str) -> None:
    """Every step: the client raises and does not repeat; the caller's own repeat finds the step done."""
    state = open_state(clean_redis)
    async with lossy_line(clean_redis) as (line, far_client):
        far, near = Mailbox(far_client), Mailbox(state)

        async def lose(step: Callable[[Mailbox], Awaitable[object]]) -> None:
            await far.queue_stats()  # the line is open: it is the script's own answer that gets lost
            line.losing = True
            with pytest.raises(StateUnavailableError):
                await step(far)
            line.losing = False

        async def losing(step: Callable[[Mailbox], Awaitable[T]]) -> T:
            await lose(step)
            return await step(far)

        await reply_with(near, b"x")
        await near.ack(await posting(near), NOW)  # now Redis knows all scripts
        assert await losing(lambda box: deliver(box, "one", "two")) == [False, False]
        claim = await claimed(near)
        committed = await losing(lambda box: box.commit(claim, NOW, session=None, outbox=[b"a", b"b"]))
        assert committed.result is CommitResult.DONE
        head = await posting(near)
        assert (await losing(lambda box: box.ack(head, NOW))).result is CommitResult.DONE
        await lose(lambda box: box.claim(NOW + LEASE))
        assert (await claimed(near, NOW + 2 * LEASE)).attempts == 3
    await state.aclose()


async def test_a_redis_that_is_away_is_unavailable(mailbox: Mailbox) -> None:
    """For every step, under one name, with advice; and it is not tried again behind the caller's back."""
    with redis_server() as server:
        state = open_state(server.url, timeout_s=PATIENT_S)
        mailbox = Mailbox(state)
        await deliver(mailbox, "one", "two")
        claim = await claimed(mailbox)
        server.kill()
        for step in (
            deliver(mailbox, "three"),
            deliver(mailbox, "three", "four"),
            mailbox.claim(NOW),
            mailbox.commit(claim, NOW, session=None),
            mailbox.confirm_delivery(f"0:{MEMBER}:{NOW}", NOW),
            mailbox.queue_stats(),
            mailbox.dead_letters(),
        ):
            with pytest.raises(StateUnavailableError, match="Run the same step again"):
                await step
        await state.aclose()


async def test_a_cancelled_call_does_not_leave_its_answer_to_the_next(mailbox: Mailbox) -> None:
    """Whatever moment a task is cancelled at, the client stays usable and answers belong to their questions."""
    await deliver(mailbox, *(str(n) for n in range(30)))
    for steps in range(12):
        task = asyncio.create_task(mailbox.dead_letters())
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert (await mailbox.queue_stats()).inbox_members == 1
    assert (await claimed(mailbox)).entry == b"0"


@pytest.mark.parametrize("opened", [open_state, open_cache])
@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0?retry_on_timeout=true&health_check_interval=5", "embedded://"])
async def test_clients_never_repeat_a_command(opened: Callable[..., Redis], url: str) -> None:
    """Whatever the URL says, and on whichever Redis."""
    client = opened(url, max_connections=3, timeout_s=0.5)
    pool: Any = client.connection_pool
    connection = pool.make_connection()
    assert (connection.retry.get_retries(), connection.health_check_interval) == (0, 0)
    assert connection.socket_timeout == 0.5
    await client.aclose()
