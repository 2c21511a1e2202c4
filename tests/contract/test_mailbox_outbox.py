"""The rules of the outbox: in order, counted before it is sent, uncertain until it is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from service.mailbox import CommitResult, EndedLease, Idle
from tests.contract.mailbox_steps import DAY, LEASE, MEMBER, NOW, SECOND, arrival, claimed, deliver, posting, reply_with

if TYPE_CHECKING:
    from service.mailbox import Mailbox, OutboxLease


async def test_messages_leave_in_order_one_at_a_time(mailbox: Mailbox) -> None:
    """Settling hands out the next one under the same token, and the last one leaves nothing."""
    await reply_with(mailbox, b"one", b"two", b"three")
    head: OutboxLease | None = await posting(mailbox)
    sent = []
    while head is not None:
        sent.append((head.id, head.entry, head.attempts, head.uncertain_since_ms))
        assert await mailbox.claim_outbox(NOW) == Idle(NOW + LEASE)
        head = (await mailbox.ack(head, NOW)).next
    assert sent == [
        (f"0:{MEMBER}:{NOW}", b"one", 1, None),
        (f"0:{MEMBER}:{NOW + 1}", b"two", 1, None),
        (f"0:{MEMBER}:{NOW + 2}", b"three", 1, None),
    ]
    assert await mailbox.claim_outbox(NOW + LEASE) == Idle(None)


async def test_a_sender_that_dies_leaves_its_message_uncertain(mailbox: Mailbox) -> None:
    """The next one is told since when, and that it is the second attempt."""
    await reply_with(mailbox, b"one")
    first = await posting(mailbox, NOW + 3)
    second = await posting(mailbox, NOW + 3 + LEASE)
    assert (first.uncertain_since_ms, second.uncertain_since_ms) == (None, NOW + 3)
    assert (second.attempts, second.id) == (2, first.id)
    assert second.fencing_token > first.fencing_token


async def test_a_message_certainly_not_sent_is_certain_again(mailbox: Mailbox) -> None:
    """WhatsApp refused it for now: due again later, with no doubt left."""
    await reply_with(mailbox, b"one")
    first = await posting(mailbox)
    assert await mailbox.reschedule(first, NOW, due_ms=NOW + 6 * SECOND) == EndedLease(CommitResult.COMMITTED, None)
    assert await mailbox.claim_outbox(NOW) == Idle(NOW + 6 * SECOND)
    again = await posting(mailbox, NOW + 6 * SECOND)
    assert (again.uncertain_since_ms, again.attempts) == (None, 2)


async def test_a_mark_of_uncertainty_is_kept_as_the_sender_says(mailbox: Mailbox) -> None:
    """It waits for a status, and the time from which it counts does not move."""
    await reply_with(mailbox, b"one")
    head = await posting(mailbox)
    for _ in range(3):
        await mailbox.reschedule(head, NOW, due_ms=NOW + 30 * SECOND, uncertain_since_ms=NOW)
        head = await posting(mailbox, NOW + 30 * SECOND)
        assert head.uncertain_since_ms == NOW


async def test_the_next_message_inherits_no_doubt(mailbox: Mailbox) -> None:
    """Count and mark belong to one message."""
    await reply_with(mailbox, b"one", b"two")
    await posting(mailbox)
    second = await posting(mailbox, NOW + LEASE)
    following = (await mailbox.ack(second, NOW + LEASE)).next
    assert following is not None
    assert (following.attempts, following.uncertain_since_ms) == (1, None)


async def test_a_repeated_ack_pops_one_message(mailbox: Mailbox) -> None:
    """It gives the same next one, not counted again and not uncertain."""
    await reply_with(mailbox, b"one", b"two", b"three")
    head = await posting(mailbox)
    first = await mailbox.ack(head, NOW)
    again = await mailbox.ack(head, NOW + 1)
    assert again == EndedLease(CommitResult.DONE, first.next)
    assert again.next is not None
    assert again.next.entry == b"two"


async def test_a_repeated_postponement_changes_nothing(mailbox: Mailbox) -> None:
    """Nor does it when another sender has the message by then."""
    await reply_with(mailbox, b"one")
    head = await posting(mailbox)
    await mailbox.reschedule(head, NOW, due_ms=NOW + SECOND)
    assert await mailbox.reschedule(head, NOW, due_ms=NOW + 9 * SECOND) == EndedLease(CommitResult.DONE, None)
    await posting(mailbox, NOW + SECOND)
    assert await mailbox.reschedule(head, NOW, due_ms=NOW) == EndedLease(CommitResult.DONE, None)
    assert await mailbox.claim_outbox(NOW + SECOND) == Idle(NOW + SECOND + LEASE)


async def test_a_late_ack_is_refused(mailbox: Mailbox) -> None:
    """Another sender holds the message, and decides."""
    await reply_with(mailbox, b"one")
    dead = await posting(mailbox)
    alive = await posting(mailbox, NOW + LEASE)
    assert await mailbox.ack(dead, NOW + LEASE) == EndedLease(CommitResult.LOST, None)
    assert await mailbox.reschedule(dead, NOW + LEASE, due_ms=NOW) == EndedLease(CommitResult.LOST, None)
    assert await mailbox.ack(alive, NOW + LEASE) == EndedLease(CommitResult.COMMITTED, None)


async def test_a_status_takes_the_uncertain_message_away(mailbox: Mailbox) -> None:
    """Once; and the one behind it need not wait any longer."""
    await reply_with(mailbox, b"one", b"two")
    head = await posting(mailbox)
    await mailbox.reschedule(head, NOW, due_ms=NOW + 30 * SECOND, uncertain_since_ms=NOW)
    assert await mailbox.confirm_delivery(head.id, NOW + SECOND) is True
    assert await mailbox.confirm_delivery(head.id, NOW + SECOND) is False
    following = await posting(mailbox, NOW + SECOND)
    assert (following.entry, following.attempts, following.uncertain_since_ms) == (b"two", 1, None)


async def test_a_status_faster_than_the_answer_pops_one_message(mailbox: Mailbox) -> None:
    """The sender, still holding it, is told that it is done, and goes on with the next one; a repeat gives the same."""
    await reply_with(mailbox, b"one", b"two")
    head = await posting(mailbox)
    assert await mailbox.confirm_delivery(head.id, NOW + 1) is True
    assert await mailbox.claim_outbox(NOW + 1) == Idle(NOW + LEASE)
    ended = await mailbox.ack(head, NOW + 2)
    assert ended.next is not None
    assert (ended.result, ended.next.entry, ended.next.attempts) == (CommitResult.DONE, b"two", 1)
    assert await mailbox.ack(head, NOW + 3) == ended
    await mailbox.reschedule(ended.next, NOW + 4, due_ms=NOW + LEASE, uncertain_since_ms=NOW + 2)
    assert (await posting(mailbox, NOW + LEASE)).uncertain_since_ms == NOW + 2


@pytest.mark.parametrize("due_ms", [None, NOW + SECOND])
async def test_a_status_that_empties_the_outbox_leaves_nothing_to_ack(mailbox: Mailbox, due_ms: int | None) -> None:
    """And what is answered later is not held up by it."""
    await reply_with(mailbox, b"one")
    head = await posting(mailbox)
    await mailbox.confirm_delivery(head.id, NOW)
    ended = await (mailbox.ack(head, NOW) if due_ms is None else mailbox.reschedule(head, NOW, due_ms=due_ms))
    assert ended == EndedLease(CommitResult.DONE, None)
    assert await mailbox.claim_outbox(NOW + LEASE) == Idle(None)
    await reply_with(mailbox, b"two", text="again")
    assert (await posting(mailbox)).entry == b"two"


@pytest.mark.parametrize(("uncertain_since_ms", "due_ms"), [(NOW, NOW + 1), (None, NOW + 6 * SECOND)])
async def test_a_status_between_claim_and_postponement_ends_the_doubt_but_no_other_wait(
    mailbox: Mailbox, uncertain_since_ms: int | None, due_ms: int
) -> None:
    """The next message waits only if the member itself was told to slow down."""
    await reply_with(mailbox, b"one", b"two")
    head = await posting(mailbox)
    await mailbox.confirm_delivery(head.id, NOW)
    ended = await mailbox.reschedule(head, NOW + 1, due_ms=NOW + 6 * SECOND, uncertain_since_ms=uncertain_since_ms)
    assert ended == EndedLease(CommitResult.DONE, None)
    stats = await mailbox.queue_stats()
    assert (stats.outbox_members, stats.outbox_due_ms) == (1, due_ms)
    following = await posting(mailbox, due_ms)
    assert (following.entry, following.attempts, following.uncertain_since_ms) == (b"two", 1, None)


async def test_ids_that_are_not_the_heads_confirm_nothing(mailbox: Mailbox) -> None:
    """Foreign shards, other numbers, other members and anything malformed: the head stays."""
    await reply_with(mailbox, b"one", b"two")
    head = await posting(mailbox)
    strangers = [
        f"1:{MEMBER}:{NOW}",
        f"0:{MEMBER}:{NOW + 1}",
        f"0:2637:{NOW}",
        f"0:{MEMBER}:{NOW}.0",
        f"0:{MEMBER}:0{NOW}",
        f"0:{MEMBER}:-1",
        f"0:{MEMBER}:{'9' * 40}",
        f"0:{MEMBER}",
        "0::",
        "",
        "\ud800",
        "{0}",
    ]
    assert [await mailbox.confirm_delivery(stranger, NOW) for stranger in strangers] == [False] * len(strangers)
    assert (await mailbox.ack(head, NOW)).result is CommitResult.COMMITTED


async def test_the_sender_knows_when_the_member_last_wrote(mailbox: Mailbox) -> None:
    """The 24-hour window is judged by it, also when the member writes after the answer was made."""
    await reply_with(mailbox, b"one", b"two")
    head = await posting(mailbox, NOW + DAY)
    await mailbox.ingest([arrival("later", sent_at_ms=NOW + DAY)], NOW + DAY)
    ended = await mailbox.ack(head, NOW + DAY)
    assert ended.next is not None
    assert (head.last_wrote_ms, ended.next.last_wrote_ms) == (NOW, NOW + DAY)


async def test_new_answers_wait_behind_a_delayed_one(mailbox: Mailbox) -> None:
    """One member's messages leave in order, so a retry delay holds for those behind it."""
    await reply_with(mailbox, b"one")
    await mailbox.reschedule(await posting(mailbox), NOW, due_ms=NOW + 6 * SECOND)
    await deliver(mailbox, "more")
    await mailbox.commit(await claimed(mailbox), NOW, session=None, outbox=[b"two"])
    assert await mailbox.claim_outbox(NOW) == Idle(NOW + 6 * SECOND)
    assert (await posting(mailbox, NOW + 6 * SECOND)).entry == b"one"
