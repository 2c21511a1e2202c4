"""The rules of the inbox: stored once, handled in order, by one worker at a time, to its effect once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from service.mailbox import CommitResult, EndedLease, Idle, InboxEntry, InboxLease
from tests.contract.mailbox_steps import LEASE, MEMBER, NOW, SECOND, arrival, claimed, deliver, posting, reply_with

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from service.mailbox import Mailbox


async def test_a_claim_brings_the_head_and_all_that_is_known_beside_it(mailbox: Mailbox) -> None:
    """Entry, session, intent, number of claims, and when the member last wrote."""
    await mailbox.ingest([arrival("hello", sent_at_ms=NOW - 7)], NOW)
    assert await mailbox.claim(NOW) == InboxLease(
        member=MEMBER,
        fencing_token=NOW,
        seq=NOW,
        entry=b"hello",
        attempts=1,
        session=None,
        pending_writes=None,
        last_wrote_ms=NOW - 7,
        last_delivered_ms=0,
    )


async def test_nobody_with_work_means_idle_without_a_time(mailbox: Mailbox) -> None:
    """An empty mailbox says so."""
    assert await mailbox.claim(NOW) == Idle(None)


async def test_a_members_messages_are_handled_in_order_of_arrival(mailbox: Mailbox) -> None:
    """Each commit hands out the next message under the same token, and the last one lets the member rest."""
    await deliver(mailbox, "one", "two", "three")
    claim: InboxLease | None = await claimed(mailbox)
    handled = []
    while claim is not None:
        handled.append((claim.fencing_token, claim.entry, claim.session))
        claim = (await mailbox.commit(claim, NOW, session=claim.entry)).next
    assert handled == [(NOW, b"one", None), (NOW, b"two", b"one"), (NOW, b"three", b"two")]
    assert await mailbox.claim(NOW + LEASE) == Idle(None)


async def test_different_members_are_held_by_different_workers(mailbox: Mailbox) -> None:
    """While one member is held, the next claim gives another one, and then nobody until the lease ends."""
    await deliver(mailbox, "a", member="1")
    await deliver(mailbox, "b", member="2")
    assert [(await claimed(mailbox)).member for _ in range(2)] == ["1", "2"]
    assert await mailbox.claim(NOW) == Idle(NOW + LEASE)


async def test_a_message_delivered_again_is_stored_once(mailbox: Mailbox) -> None:
    """Within one call, in a later call, and after it was handled."""
    assert await deliver(mailbox, "one", "one", "two") == [True, False, True]
    assert await deliver(mailbox, "two", "three") == [False, True]
    committed = await mailbox.commit(await claimed(mailbox), NOW, session=None)
    assert committed.next is not None
    assert await deliver(mailbox, "one") == [False]


async def test_a_thousand_messages_in_one_call_keep_their_order(mailbox: Mailbox) -> None:
    """A whole POST of Meta goes in at once, and comes out as it went in."""
    assert await deliver(mailbox, *(str(n) for n in range(1000))) == [True] * 1000
    claim: InboxLease | None = await claimed(mailbox)
    handled = []
    while claim is not None:
        handled.append(claim.entry)
        claim = (await mailbox.commit(claim, NOW, session=None)).next
    assert handled == [str(n).encode() for n in range(1000)]


async def test_a_late_old_message_is_still_known_when_it_comes_again(mailbox: Mailbox) -> None:
    """The digest of the oldest message of 65 goes in last and is not the one thrown out."""
    await deliver(mailbox, *(str(n) for n in range(64)))
    late = arrival("late", sent_at_ms=NOW - SECOND)
    assert await mailbox.ingest([late], NOW) == [True]
    assert await mailbox.ingest([late], NOW) == [False]


async def test_a_member_is_said_to_have_written_when_it_wrote_last(mailbox: Mailbox) -> None:
    """A message that arrives late does not turn the time back, and none is in the future."""
    await mailbox.ingest([arrival("new", sent_at_ms=NOW - 5), arrival("late", sent_at_ms=NOW - 500)], NOW)
    assert (await claimed(mailbox)).last_wrote_ms == NOW - 5
    await mailbox.ingest([arrival("clock runs ahead", sent_at_ms=NOW + LEASE + 999)], NOW + LEASE)
    assert (await claimed(mailbox, NOW + LEASE)).last_wrote_ms == NOW + LEASE


async def test_a_worker_that_dies_leaves_the_message_to_the_next_one(mailbox: Mailbox) -> None:
    """When the lease ends the same head is claimed under a higher token, and the claim is counted."""
    await deliver(mailbox, "one")
    first = await claimed(mailbox)
    assert await mailbox.claim(NOW + LEASE - 1) == Idle(NOW + LEASE)
    second = await claimed(mailbox, NOW + LEASE)
    assert second == replace(first, fencing_token=NOW + LEASE, attempts=2)


async def test_tokens_rise_even_when_the_clock_stands(mailbox: Mailbox) -> None:
    """Two claims in one millisecond differ."""
    await deliver(mailbox, "one")
    first = await claimed(mailbox)
    await mailbox.release(first, NOW, due_ms=NOW, counted=True)
    assert (await claimed(mailbox)).fencing_token == first.fencing_token + 1


async def test_numbers_go_on_after_the_inbox_was_empty(mailbox: Mailbox) -> None:
    """A number is never used twice, although the clock stands."""
    await deliver(mailbox, "one", "two")
    first = await claimed(mailbox)
    second = (await mailbox.commit(first, NOW, session=None)).next
    assert second is not None
    await mailbox.commit(second, NOW, session=None)
    await deliver(mailbox, "three")
    assert [first.seq, second.seq, (await claimed(mailbox)).seq] == [NOW, NOW + 1, NOW + 2]


async def test_a_late_commit_is_refused_and_changes_nothing(mailbox: Mailbox) -> None:
    """Whoever claimed in between is the one whose work counts."""
    await deliver(mailbox, "one", "two")
    dead = await claimed(mailbox)
    alive = await claimed(mailbox, NOW + LEASE)
    late = await mailbox.commit(dead, NOW + LEASE, session=b"late", outbox=[b"late"], pending_writes=b"late")
    assert late == EndedLease(CommitResult.LOST, None)
    assert await mailbox.store_pending_writes(dead, NOW + LEASE, b"late") is CommitResult.LOST
    assert await mailbox.post_progress(dead, NOW + LEASE, b"late") is CommitResult.LOST
    assert await mailbox.release(dead, NOW + LEASE, due_ms=NOW, counted=False) is CommitResult.LOST
    assert await mailbox.dead_letter(dead, NOW + LEASE, reason="late") == EndedLease(CommitResult.LOST, None)
    assert await mailbox.claim_outbox(NOW + LEASE) == Idle(None)
    committed = await mailbox.commit(alive, NOW + LEASE, session=None)
    assert committed.next is not None
    assert (committed.next.entry, committed.next.session, committed.next.pending_writes) == (b"two", None, None)


async def test_a_commit_after_the_lease_but_before_anyone_else_still_counts(mailbox: Mailbox) -> None:
    """Only another claim makes it late."""
    await deliver(mailbox, "one")
    claim = await claimed(mailbox)
    assert await mailbox.commit(claim, NOW + 2 * LEASE, session=None) == EndedLease(CommitResult.COMMITTED, None)


async def test_a_repeated_commit_answers_the_same_and_appends_nothing(mailbox: Mailbox) -> None:
    """The same next claim comes back, not counted again, with its lease extended; the outbox holds one answer."""
    await deliver(mailbox, "one", "two")
    claim = await claimed(mailbox)
    first = await mailbox.commit(claim, NOW, session=b"s", outbox=[b"answer"])
    again = await mailbox.commit(claim, NOW + 5, session=b"s", outbox=[b"answer"])
    assert (first.result, again.result) == (CommitResult.COMMITTED, CommitResult.DONE)
    assert again.next == first.next
    assert again.next is not None
    assert (again.next.entry, again.next.attempts) == (b"two", 1)
    assert await mailbox.claim(NOW + 5) == Idle(NOW + 5 + LEASE)
    posting = await mailbox.claim_outbox(NOW)
    assert not isinstance(posting, Idle)
    assert (await mailbox.ack(posting, NOW)).next is None


async def test_a_repeated_commit_after_someone_else_claimed_is_done_and_has_no_next(mailbox: Mailbox) -> None:
    """The first run did happen; what follows belongs to the new holder."""
    await deliver(mailbox, "one", "two")
    claim = await claimed(mailbox)
    await mailbox.commit(claim, NOW, session=None)
    assert (await claimed(mailbox, NOW + LEASE)).entry == b"two"
    assert await mailbox.commit(claim, NOW + LEASE, session=None) == EndedLease(CommitResult.DONE, None)


async def test_a_claim_given_back_uncounted_leaves_no_trace_in_the_count(mailbox: Mailbox) -> None:
    """SIGTERM is not the message's fault; giving back twice takes one claim off, not two."""
    await deliver(mailbox, "one")
    await claimed(mailbox)
    second = await claimed(mailbox, NOW + LEASE)
    due = NOW + LEASE + SECOND
    assert await mailbox.release(second, NOW + LEASE, due_ms=due, counted=False) is CommitResult.COMMITTED
    assert await mailbox.release(second, NOW + LEASE, due_ms=NOW, counted=False) is CommitResult.DONE
    assert await mailbox.claim(due - 1) == Idle(due)
    assert (await claimed(mailbox, due)).attempts == 2


async def test_a_claim_given_back_counted_adds_up(mailbox: Mailbox) -> None:
    """A failure is counted, until the message is finished; the next message starts at one."""
    await deliver(mailbox, "one", "two")
    for claims in range(1, 5):
        claim = await claimed(mailbox)
        assert claim.attempts == claims
        await mailbox.release(claim, NOW, due_ms=NOW, counted=True)
    committed = await mailbox.commit(await claimed(mailbox), NOW, session=None)
    assert committed.next is not None
    assert committed.next.attempts == 1


async def test_a_claim_given_back_can_no_longer_be_committed(mailbox: Mailbox) -> None:
    """Giving back ends the lease, although nobody else has claimed yet."""
    await deliver(mailbox, "one")
    claim = await claimed(mailbox)
    await mailbox.release(claim, NOW, due_ms=NOW, counted=True)
    assert await mailbox.commit(claim, NOW, session=b"s") == EndedLease(CommitResult.LOST, None)


async def test_a_new_message_does_not_shorten_the_wait_of_the_head(mailbox: Mailbox) -> None:
    """Neither a held lease nor a retry delay."""
    await deliver(mailbox, "one")
    claim = await claimed(mailbox)
    await deliver(mailbox, "two", now_ms=NOW + 1)
    assert await mailbox.claim(NOW + 1) == Idle(NOW + LEASE)
    await mailbox.release(claim, NOW + 2, due_ms=NOW + 9_000, counted=True)
    await deliver(mailbox, "three", now_ms=NOW + 3)
    assert await mailbox.claim(NOW + 3) == Idle(NOW + 9_000)


async def test_the_notice_goes_out_once_for_a_head(mailbox: Mailbox) -> None:
    """However often it runs, and however many workers try this message; the next message has its own."""
    await deliver(mailbox, "one", "two")
    claim = await claimed(mailbox)
    assert await mailbox.post_progress(claim, NOW, b"wait") is CommitResult.COMMITTED
    assert await mailbox.post_progress(claim, NOW, b"wait") is CommitResult.DONE
    second = await claimed(mailbox, NOW + LEASE)
    assert await mailbox.post_progress(second, NOW + LEASE, b"wait") is CommitResult.DONE
    following = (await mailbox.commit(second, NOW + LEASE, session=None)).next
    assert following is not None
    assert await mailbox.post_progress(following, NOW + LEASE, b"wait more") is CommitResult.COMMITTED
    first = await mailbox.claim_outbox(NOW + LEASE)
    assert not isinstance(first, Idle)
    settled = await mailbox.ack(first, NOW + LEASE)
    assert settled.next is not None
    assert (first.entry, settled.next.entry) == (b"wait", b"wait more")
    assert (await mailbox.ack(settled.next, NOW + LEASE)).next is None


@pytest.mark.parametrize("session", [None, b"", b"\x00\xff=1:\n"])
async def test_any_bytes_come_back_as_they_went_in(mailbox: Mailbox, session: bytes | None) -> None:
    """Nothing here reads a payload: empty, absent and binary ones differ."""
    await mailbox.ingest([replace(arrival("one"), entry=b"\x00:\xff"), replace(arrival("two"), entry=b"")], NOW)
    claim = await claimed(mailbox)
    committed = await mailbox.commit(claim, NOW, session=session, pending_writes=session)
    assert committed.next is not None
    assert (claim.entry, committed.next.entry) == (b"\x00:\xff", b"")
    assert (committed.next.session, committed.next.pending_writes) == (session, session)


async def test_half_a_surrogate_in_a_name_stops_nobody(mailbox: Mailbox) -> None:
    """JSON can carry what UTF-8 cannot; it is stored and comes back the same."""
    odd = InboxEntry(member="\ud800", wamid="\udc00", sent_at_ms=NOW, entry=b"one")
    assert await mailbox.ingest([odd], NOW) == [True]
    claim = await claimed(mailbox)
    assert claim.member == "\ud800"
    assert (await mailbox.dead_letter(claim, NOW, reason="\ud800")).result is CommitResult.COMMITTED
    assert [(letter.member, letter.reason) for letter in await mailbox.dead_letters()] == [("\ud800", "\ud800")]


async def test_scripts_are_sent_again_when_redis_forgot_them(mailbox: Mailbox, state: Redis) -> None:
    """SCRIPT FLUSH or a restart between two calls, alone and in a batch."""
    await deliver(mailbox, "one")
    await state.script_flush()
    assert await deliver(mailbox, "one", "two") == [False, True]
    await state.script_flush()
    assert (await claimed(mailbox)).entry == b"one"


async def test_a_claim_says_when_the_newest_answers_had_left(mailbox: Mailbox) -> None:
    """Nothing from the commit that brings them until the last one is sent: also to the claim that it hands out."""
    await deliver(mailbox, "one", "two", "three")
    first = await claimed(mailbox)
    second = (await mailbox.commit(first, NOW, session=None, outbox=[b"answer"])).next
    assert second is not None
    assert (first.last_delivered_ms, second.last_delivered_ms) == (0, None)
    head = await posting(mailbox, NOW + 5)
    await mailbox.release(second, NOW, due_ms=NOW, counted=False)
    again = await claimed(mailbox)
    await mailbox.ack(head, NOW + 900)
    third = (await mailbox.commit(again, NOW + 900, session=None)).next
    assert third is not None
    assert (again.last_delivered_ms, third.last_delivered_ms) == (None, NOW + 900)


async def test_answers_that_a_status_confirms_had_left_by_then(mailbox: Mailbox) -> None:
    """Whether their sender still holds them or waits to send them again."""
    told: list[int | None] = []
    for name, waits in (("one", False), ("two", True)):
        await reply_with(mailbox, b"answer", text=name)
        head = await posting(mailbox, NOW + 5)
        if waits:
            await mailbox.reschedule(head, NOW + 5, due_ms=NOW + 30 * SECOND, uncertain_since_ms=NOW + 5)
        await mailbox.confirm_delivery(head.id, NOW + 7 * SECOND * len(told) + 700)
        await deliver(mailbox, f"after {name}")
        claim = await claimed(mailbox)
        told.append(claim.last_delivered_ms)
        await mailbox.commit(claim, NOW, session=None)
    assert told == [NOW + 700, NOW + 7 * SECOND + 700]
