"""The rules towards Redis: what stays in it, what it refuses, and what its failures are called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from fakeredis import FakeServer

from service.mailbox import (
    CommitResult,
    Idle,
    Mailbox,
    QueueStats,
    StateBrokenError,
    StateFullError,
    open_state,
)
from tests.contract.mailbox_steps import DAY, MEMBER, NOW, SECOND, claimed, deliver, posting, reply_with

if TYPE_CHECKING:
    from redis.asyncio import Redis

MINUTE = 60 * SECOND
FULL = 1  # bytes of maxmemory: whatever is stored is too much


async def lifetimes(state: Redis) -> dict[str, int]:
    """Every key with its time to live in whole minutes, rounded up, as a machine may be slow; -1 is for ever."""
    found = {}
    keys: list[Any] = await state.keys("*")
    for key in sorted(keys):
        left = await state.pttl(key)
        found[key.decode()] = left if left < 0 else -(-left // MINUTE)
    return found


async def test_nothing_is_left_of_a_member_but_what_redis_collects(mailbox: Mailbox, state: Redis) -> None:
    """After all is committed and settled: session, seen and leases, each with its time to live."""
    await deliver(mailbox, "one")
    claim = await claimed(mailbox)
    await mailbox.store_pending_writes(claim, NOW, b"i")
    await mailbox.post_progress(claim, NOW, b"wait")
    await mailbox.commit(claim, NOW, session=b"s", outbox=[b"answer"])
    head = await posting(mailbox)
    following = (await mailbox.ack(head, NOW)).next
    assert following is not None
    await mailbox.ack(following, NOW)
    day = DAY // MINUTE
    assert await lifetimes(state) == {
        f"{{0}}:lease:inbox:{MEMBER}": day,
        f"{{0}}:lease:outbox:{MEMBER}": day,
        f"{{0}}:seen:{MEMBER}": 7 * day,
        f"{{0}}:session:{MEMBER}": day,
    }


async def test_work_never_loses_its_lease(mailbox: Mailbox, state: Redis) -> None:
    """While an entry waits or an intent is due, count and numbers are kept; a kept intent is collected after 4 days."""
    await reply_with(mailbox, b"answer")
    await mailbox.ack(await posting(mailbox), NOW)
    await deliver(mailbox, "two")
    assert (await lifetimes(state))[f"{{0}}:lease:inbox:{MEMBER}"] == -1
    await mailbox.commit(
        await claimed(mailbox), NOW, session=None, outbox=[b"more"], pending_writes=b"i", due_ms=NOW + 9
    )
    kept = await lifetimes(state)
    assert (kept[f"{{0}}:lease:inbox:{MEMBER}"], kept[f"{{0}}:lease:outbox:{MEMBER}"]) == (-1, -1)
    assert kept[f"{{0}}:intent:{MEMBER}"] == 4 * DAY // MINUTE


async def test_a_member_due_for_an_intent_that_was_collected_rests(mailbox: Mailbox, state: Redis) -> None:
    """The claim goes on to the next member."""
    await deliver(mailbox, "pay")
    await mailbox.commit(await claimed(mailbox), NOW, session=None, pending_writes=b"i", due_ms=NOW)
    await deliver(mailbox, "hello", member="2638")
    await state.delete(f"{{0}}:intent:{MEMBER}")
    assert (await claimed(mailbox)).member == "2638"
    assert (await lifetimes(state))[f"{{0}}:lease:inbox:{MEMBER}"] == DAY // MINUTE


async def test_at_most_64_digests_of_16_bytes_are_kept_for_7_days(mailbox: Mailbox, state: Redis) -> None:
    """So that the set stays in its compact form."""
    await deliver(mailbox, "old", now_ms=NOW)
    later = NOW + 7 * DAY + 1
    await mailbox.ingest([], later)
    await deliver(mailbox, *(str(n) for n in range(70)), now_ms=NOW + 1)
    seen = f"{{0}}:seen:{MEMBER}"
    digests = await state.zrange(seen, 0, -1)
    assert (len(digests), {len(digest) for digest in digests}) == (64, {16})
    await reply_with(mailbox, now_ms=later + DAY)
    assert await state.zcard(seen) == 1


async def test_queue_stats_count_members_with_work(mailbox: Mailbox) -> None:
    """And say when the first of them is due."""
    assert await mailbox.queue_stats() == QueueStats(0, 0, 0, None, None)
    await deliver(mailbox, "one", member="1")
    await deliver(mailbox, "two", "three", member="2", now_ms=NOW + 1)
    claim = await claimed(mailbox)
    await mailbox.commit(claim, NOW, session=None, outbox=[b"a", b"b"], pending_writes=b"i", due_ms=NOW + 99)
    assert await mailbox.queue_stats() == QueueStats(2, 1, 0, NOW + 1, NOW)


async def test_a_full_redis_refuses_new_messages_and_drains(clean_redis: str) -> None:
    """Ingest is refused whole; every step that finishes something runs; with room again, all is as before."""
    state = open_state(clean_redis)
    mailbox = Mailbox(state)
    await deliver(mailbox, "one", "two", "three")
    await state.script_flush()
    await state.config_set("maxmemory", FULL)
    with pytest.raises(StateFullError, match="503"):
        await deliver(mailbox, "four")
    assert await deliver(mailbox, "one") == [False]
    claim = await claimed(mailbox)
    assert await mailbox.store_pending_writes(claim, NOW, b"i") is CommitResult.COMMITTED
    assert await mailbox.post_progress(claim, NOW, b"wait") is CommitResult.COMMITTED
    assert await mailbox.release(claim, NOW, due_ms=NOW, counted=False) is CommitResult.COMMITTED
    second = (await mailbox.commit(await claimed(mailbox), NOW, session=b"s", outbox=[b"answer"])).next
    assert second is not None
    third = (await mailbox.dead_letter(second, NOW, reason="r", outbox=[b"sorry"])).next
    assert third is not None
    assert (await mailbox.commit(third, NOW, session=None)).result is CommitResult.COMMITTED
    head = await posting(mailbox)
    following = (await mailbox.ack(head, NOW)).next
    assert following is not None
    assert await mailbox.confirm_delivery(following.id, NOW) is True
    (letter,) = await mailbox.dead_letters()
    with pytest.raises(StateFullError):
        await mailbox.redrive(letter, NOW)
    assert await mailbox.dead_letters() == [letter]
    await state.config_set("maxmemory", 0)
    assert await deliver(mailbox, "four", "one") == [True, False]
    assert await mailbox.drop(letter) is CommitResult.COMMITTED
    await state.aclose()


async def test_foreign_data_under_our_keys_is_called_broken(mailbox: Mailbox, state: Redis) -> None:
    """Not unavailable: repeating would not help."""
    await state.set("{0}:inbox", "not ours")
    with pytest.raises(StateBrokenError, match="foreign data"):
        await mailbox.claim(NOW)


async def test_each_embedded_redis_is_its_own_unless_shared() -> None:
    """Two mailboxes see each other only on one server."""
    server = FakeServer()
    first, second, alone = (Mailbox(open_state("embedded://", server=s)) for s in (server, server, None))
    await deliver(first, "one")
    assert await alone.claim(NOW) == Idle(None)
    assert (await claimed(second)).entry == b"one"
