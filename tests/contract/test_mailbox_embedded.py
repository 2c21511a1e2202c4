"""The Redis inside the process answers and keeps what plain fakeredis does, script by script."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest
from fakeredis import FakeAsyncRedis, FakeServer
from redis.exceptions import ResponseError

from service.mailbox import InboxLease, Mailbox, OutboxLease, open_state
from service.mailbox.scripts import NAMES, Scripts, sources
from tests.contract.mailbox_steps import LEASE, MEMBER, NOW, SECOND, arrival

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.asyncio import Redis

    from service.mailbox.scripts import ScriptCall

ODD_SCRIPTS = {
    "no Lua": "return return",
    "an error of its own": "redis.call('SET', KEYS[1], 'before'); error('stop')",
    "an error reply": "return redis.error_reply('ERR no')",
    "a command that does not exist": "return redis.call('NOSUCH', KEYS[1])",
    "a command with too few arguments": "return redis.call('SET', KEYS[1])",
    "a command on another type": "redis.call('SET', KEYS[1], 'x'); return redis.call('RPUSH', KEYS[1], 'y')",
    "an error that is caught": "return redis.pcall('RPUSH', 'x')",
    "a command that no script may run": "return redis.call('EVAL', 'return 1', 0)",
    "an argument of no use": "return redis.call('SET', KEYS[1], {})",
    "a global made and left": "left = 1",
    "a command after a global was made": "left = 1; return redis.call('SET', KEYS[1], 'x')",
    "a global made and removed": "left = 1; left = nil; return redis.call('SET', KEYS[1], 'x')",
    "replies of all kinds": "return {1, 2.9, 'x', true, false, {ok='fine'}, {1, {2}}, nil, 3}",
    "JSON": "return cjson.encode(cjson.decode(ARGV[1]))",
    "what it was given": "return {#KEYS, #ARGV, KEYS[1], ARGV[1]}",
    "a function in place of another": "local own = tostring; return own(7) .. type(redis.call)",
    "RESP 3": "redis.setresp(3); return redis.call('HGETALL', KEYS[1])",
}


class Both:
    """Runs each script on two Redises, and insists that they agree on the answer and on all that they hold then."""

    def __init__(self, first: Redis, second: Redis) -> None:
        self.mailbox = Mailbox(second, scripts=self)
        self._both = (first, second)
        # fakeredis cannot read the shebang line.
        plain = {name: text.partition("\n")[2] if text.startswith("#!") else text for name, text in sources().items()}
        self._scripts = (Scripts(first, plain), Scripts(second))
        self.ran: set[str] = set()

    async def run(self, name: str, call: ScriptCall) -> Any:
        self.ran.add(name)
        first, second = [await scripts.run(name, call) for scripts in self._scripts]
        assert first == second
        assert await held(self._both[0]) == await held(self._both[1])
        return second

    async def run_each(self, name: str, calls: Sequence[ScriptCall]) -> list[Any]:
        return [await self.run(name, call) for call in calls]


async def held(redis: Redis) -> dict[bytes, Any]:
    """All that a Redis holds, by key."""
    read: dict[bytes, Any] = {b"string": redis.get, b"hash": redis.hgetall}
    found: dict[bytes, Any] = {}
    keys: Any = await redis.keys()
    for key in sorted(keys):
        kind: Any = await redis.type(key)
        if kind in read:
            found[key] = await read[kind](key)
        elif kind == b"list":
            found[key] = await redis.lrange(key, 0, -1)
        else:
            found[key] = await redis.zrange(key, 0, -1, withscores=True)
    return found


class Day:
    """A day of a mailbox: steps in any order, those of workers and senders that were too late among them."""

    def __init__(self, mailbox: Mailbox, chance: random.Random) -> None:
        self._mailbox = mailbox
        self._chance = chance
        self._now = NOW
        self._count = 0
        self._inbox_leases: list[InboxLease] = []
        self._outbox_leases: list[OutboxLease] = []

    async def step(self) -> None:
        """Any step that there is something for."""
        steps = [self._bring, self._claim, self._claim, self._claim_outbox]
        if self._inbox_leases:
            steps += [
                self._commit,
                self._commit,
                self._release,
                self._dead_letter,
                self._store_pending_writes,
                self._post_progress,
            ]
        if self._outbox_leases:
            steps += [self._end_attempt, self._end_attempt, self._confirm_delivery]
        self._now += self._chance.choice((0, 5, SECOND, LEASE + 1))
        await self._chance.choice(steps)()

    async def _bring(self) -> None:
        self._count += self._chance.choice((0, 1, 1))
        member = self._chance.choice((MEMBER, "1"))
        await self._mailbox.ingest([arrival(str(self._count), member, self._now)], self._now)
        await self._mailbox.post(member, b"news", key=str(self._count), now_ms=self._now)
        for letter in await self._mailbox.dead_letters():
            await self._mailbox.redrive(letter, self._now)

    async def _claim(self) -> None:
        claim = await self._mailbox.claim(self._now)
        self._inbox_leases += [claim] if isinstance(claim, InboxLease) else []

    async def _commit(self) -> None:
        intent = self._chance.choice((None, None, b"intent"))
        done = await self._mailbox.commit(
            self._chance.choice(self._inbox_leases[-3:]),
            self._now,
            session=self._chance.choice((None, b"session\x00\xff")),
            outbox=[b"answer"] * self._chance.randrange(3),
            pending_writes=intent,
            due_ms=self._now + SECOND if intent else None,
        )
        self._inbox_leases += [done.next] if done.next else []

    async def _release(self) -> None:
        claim = self._chance.choice(self._inbox_leases[-3:])
        await self._mailbox.release(claim, self._now, due_ms=self._now + SECOND, counted=self._chance.random() < 0.5)

    async def _dead_letter(self) -> None:
        await self._mailbox.dead_letter(self._inbox_leases[-1], self._now, reason="five claims", outbox=[b"sorry"])

    async def _store_pending_writes(self) -> None:
        await self._mailbox.store_pending_writes(self._inbox_leases[-1], self._now, b"intent")

    async def _post_progress(self) -> None:
        await self._mailbox.post_progress(self._inbox_leases[-1], self._now, b"still working on it")

    async def _claim_outbox(self) -> None:
        posting = await self._mailbox.claim_outbox(self._now)
        self._outbox_leases += [posting] if isinstance(posting, OutboxLease) else []

    async def _end_attempt(self) -> None:
        due_ms = self._chance.choice((None, None, self._now + SECOND))
        lease = self._chance.choice(self._outbox_leases[-3:])
        if due_ms is None:
            ended = await self._mailbox.ack(lease, self._now)
        else:
            ended = await self._mailbox.reschedule(lease, self._now, due_ms=due_ms)
        self._outbox_leases += [ended.next] if ended.next else []

    async def _confirm_delivery(self) -> None:
        await self._mailbox.confirm_delivery(self._chance.choice(self._outbox_leases[-3:]).id, self._now)


async def test_each_script_answers_and_leaves_the_same_on_both() -> None:
    """Days of steps in any order run every script of the mailbox, on both, to the same end."""
    ran: set[str] = set()
    for seed in range(5):
        both = Both(FakeAsyncRedis(server=FakeServer()), open_state("embedded://"))
        day = Day(both.mailbox, random.Random(seed))
        for _ in range(120):
            await day.step()
        ran |= both.ran
    assert ran == set(NAMES)


@pytest.mark.parametrize("text", ODD_SCRIPTS.values(), ids=ODD_SCRIPTS)
async def test_odd_scripts_end_the_same_on_both(text: str) -> None:
    """What goes wrong in a script is told, kept and undone alike, at its first run and at its second."""
    ends = []
    for redis in (FakeAsyncRedis(server=FakeServer()), open_state("embedded://")):
        end = [await ended(redis, text) for _ in range(2)]
        ends.append((end, await held(redis)))
    assert ends[0] == ends[1]


async def ended(redis: Redis, text: str) -> Any:
    """A script's answer, or its error."""
    try:
        return await redis.eval(text, 1, "key", '{"a": [1, null, "x"]}', "second")
    except ResponseError as error:
        return str(error)


async def test_two_servers_share_no_data_and_no_scripts() -> None:
    """A script that one server was given is unknown to the other, and so is what it wrote."""
    first, second = open_state("embedded://"), open_state("embedded://")
    await first.set("key", "first's")
    digest = await first.script_load("return redis.call('GET', 'key')")
    with pytest.raises(ResponseError, match="No matching script"):
        await second.evalsha(digest, 0)
    assert (await first.evalsha(digest, 0), await second.eval("return redis.call('GET', 'key')", 0)) == (
        b"first's",
        None,
    )
