"""The rules of posting: a message that answers nobody goes out once, in its order, and nobody's lease is touched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from service.mailbox import CommitResult, Idle, Mailbox, StateFullError, StateUnavailableError, open_state
from tests.contract.mailbox_steps import DAY, LEASE, MEMBER, NOW, SECOND, claimed, deliver, posting, reply_with
from tests.contract.test_mailbox_network import lossy_line

if TYPE_CHECKING:
    from redis.asyncio import Redis


async def test_a_message_posted_leaves_by_the_outbox(mailbox: Mailbox) -> None:
    """To somebody who never wrote as well; when they last wrote is then unknown."""
    assert await mailbox.post(MEMBER, b"news", key="k", now_ms=NOW) is True
    head = await posting(mailbox)
    assert (head.member, head.entry, head.last_wrote_ms, head.id) == (MEMBER, b"news", None, f"0:{MEMBER}:{NOW}")
    assert (await mailbox.ack(head, NOW)).next is None
    assert await mailbox.claim_outbox(NOW + LEASE) == Idle(None)


async def test_a_key_is_posted_once_for_each_member(mailbox: Mailbox) -> None:
    """Its repeat appends nothing, before and after the first one left; another member's is another one."""
    assert await mailbox.post(MEMBER, b"news", key="k", now_ms=NOW) is True
    assert await mailbox.post(MEMBER, b"news", key="k", now_ms=NOW + 1) is False
    head = await posting(mailbox)
    await mailbox.ack(head, NOW)
    assert await mailbox.post(MEMBER, b"news", key="k", now_ms=NOW + SECOND) is False
    assert await mailbox.claim_outbox(NOW + SECOND) == Idle(None)
    assert await mailbox.post("263712345678", b"news", key="k", now_ms=NOW) is True


async def test_what_is_posted_waits_behind_what_waits(mailbox: Mailbox) -> None:
    """Answers and notifications share one order."""
    await reply_with(mailbox, b"one", b"two")
    await mailbox.post(MEMBER, b"news", key="k", now_ms=NOW)
    entries = []
    head = await posting(mailbox)
    while True:
        entries.append(head.entry)
        following = (await mailbox.ack(head, NOW)).next
        if following is None:
            break
        head = following
    assert entries == [b"one", b"two", b"news"]


async def test_posting_disturbs_no_sender_and_no_delay(mailbox: Mailbox) -> None:
    """A head that is held stays held; one that is due later stays so."""
    await mailbox.post(MEMBER, b"one", key="1", now_ms=NOW)
    head = await posting(mailbox)
    await mailbox.post(MEMBER, b"two", key="2", now_ms=NOW)
    assert await mailbox.claim_outbox(NOW) == Idle(NOW + LEASE)
    await mailbox.reschedule(head, NOW, due_ms=NOW + 6 * SECOND)
    await mailbox.post(MEMBER, b"three", key="3", now_ms=NOW)
    assert await mailbox.claim_outbox(NOW) == Idle(NOW + 6 * SECOND)


async def test_posting_leaves_the_inbox_alone(mailbox: Mailbox) -> None:
    """A worker at work commits as if nothing had happened."""
    await deliver(mailbox, "hello")
    claim = await claimed(mailbox)
    await mailbox.post(MEMBER, b"news", key="k", now_ms=NOW)
    assert (await mailbox.commit(claim, NOW, session=b"s", outbox=[b"answer"])).result is CommitResult.COMMITTED
    assert (await posting(mailbox)).entry == b"news"


async def test_keys_are_bounded_and_forgotten_after_a_day(mailbox: Mailbox, state: Redis) -> None:
    """At most 64 digests of 16 bytes, so that the set stays in its compact form, with a time to live."""
    for number in range(70):
        await mailbox.post(MEMBER, b"news", key=str(number), now_ms=NOW + number)
    name = f"{{0}}:posted:{MEMBER}"
    digests = await state.zrange(name, 0, -1)
    assert (len(digests), {len(digest) for digest in digests}) == (64, {16})
    assert 0 < await state.pttl(name) <= DAY
    assert await mailbox.post(MEMBER, b"news", key="69", now_ms=NOW + DAY + 68) is False
    assert await mailbox.post(MEMBER, b"news", key="69", now_ms=NOW + DAY + 69) is True


async def test_a_full_state_takes_no_notification(clean_redis: str) -> None:
    """It is refused before anything is written, and the key is not used up."""
    state = open_state(clean_redis)
    mailbox = Mailbox(state)
    await mailbox.post(MEMBER, b"one", key="1", now_ms=NOW)
    await state.config_set("maxmemory", 1)
    with pytest.raises(StateFullError, match="503"):
        await mailbox.post(MEMBER, b"two", key="2", now_ms=NOW)
    assert await mailbox.post(MEMBER, b"one", key="1", now_ms=NOW) is False
    await state.config_set("maxmemory", 0)
    assert await mailbox.post(MEMBER, b"two", key="2", now_ms=NOW) is True
    assert await state.llen(f"{{0}}:outbox:{MEMBER}") == 2
    await state.aclose()


async def test_posting_whose_answer_was_lost_happened_once(clean_redis: str) -> None:
    """The client does not repeat by itself, and the caller's repeat finds it done."""
    state = open_state(clean_redis)
    async with lossy_line(clean_redis) as (line, far):
        await Mailbox(far).queue_stats()
        line.losing = True
        with pytest.raises(StateUnavailableError):
            await Mailbox(far).post(MEMBER, b"news", key="k", now_ms=NOW)
        line.losing = False
        assert await Mailbox(far).post(MEMBER, b"news", key="k", now_ms=NOW) is False
    assert await state.llen(f"{{0}}:outbox:{MEMBER}") == 1
    await state.aclose()
