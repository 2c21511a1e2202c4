"""The rules of intents: written under the token, kept while unresolved, looked at again when due."""

from __future__ import annotations

from typing import TYPE_CHECKING

from service.mailbox import CommitResult, EndedLease, Idle, InboxLease
from tests.contract.mailbox_steps import LEASE, MEMBER, NOW, SECOND, claimed, deliver, posting

if TYPE_CHECKING:
    from service.mailbox import Mailbox

LOOK = NOW + 30 * SECOND


async def unresolved(mailbox: Mailbox) -> None:
    """Leaves the member with an intent that is due at LOOK, and no message."""
    await deliver(mailbox, "pay")
    await mailbox.commit(await claimed(mailbox), NOW, session=b"s", pending_writes=b"intent", due_ms=LOOK)


async def test_a_stored_intent_survives_its_worker(mailbox: Mailbox) -> None:
    """Whoever takes over finds it beside the same message; storing it extends the lease."""
    await deliver(mailbox, "pay")
    claim = await claimed(mailbox)
    assert await mailbox.store_pending_writes(claim, NOW + 10, b"intent") is CommitResult.COMMITTED
    assert await mailbox.store_pending_writes(claim, NOW + 20, b"intent") is CommitResult.COMMITTED
    assert await mailbox.claim(NOW + 20) == Idle(NOW + 20 + LEASE)
    second = await claimed(mailbox, NOW + 20 + LEASE)
    assert (second.entry, second.pending_writes, second.attempts) == (b"pay", b"intent", 2)


async def test_a_commit_without_an_intent_ends_it(mailbox: Mailbox) -> None:
    """The outcome is known; nobody looks again."""
    await deliver(mailbox, "pay")
    claim = await claimed(mailbox)
    await mailbox.store_pending_writes(claim, NOW, b"intent")
    await mailbox.commit(claim, NOW, session=None)
    assert await mailbox.claim(NOW + 100 * LEASE) == Idle(None)
    await deliver(mailbox, "next")
    assert (await claimed(mailbox)).pending_writes is None


async def test_a_kept_intent_makes_the_member_due_without_a_message(mailbox: Mailbox) -> None:
    """The claim then has seq 0 and no entry."""
    await unresolved(mailbox)
    assert await mailbox.claim(NOW) == Idle(LOOK)
    assert await mailbox.claim(LOOK) == InboxLease(MEMBER, LOOK, 0, None, 1, b"s", b"intent", NOW, 0)


async def test_a_kept_intent_without_a_time_only_waits_for_the_next_message(mailbox: Mailbox) -> None:
    """After the last look it stays for the warning about a look-alike."""
    await deliver(mailbox, "pay")
    await mailbox.commit(await claimed(mailbox), NOW, session=None, pending_writes=b"intent")
    assert await mailbox.claim(NOW + 100 * LEASE) == Idle(None)
    await deliver(mailbox, "next")
    assert (await claimed(mailbox)).pending_writes == b"intent"


async def test_a_message_does_not_wait_for_the_look_at_an_intent(mailbox: Mailbox) -> None:
    """A member due only later for an intent is due now when it writes."""
    await unresolved(mailbox)
    await deliver(mailbox, "hello", now_ms=NOW + 1)
    claim = await claimed(mailbox, NOW + 1)
    assert (claim.entry, claim.pending_writes) == (b"hello", b"intent")


async def test_a_message_does_not_cut_a_look_short(mailbox: Mailbox) -> None:
    """The worker that looks keeps the member, and its commit hands out the message."""
    await unresolved(mailbox)
    look = await claimed(mailbox, LOOK)
    await deliver(mailbox, "hello", now_ms=LOOK + 1)
    assert await mailbox.claim(LOOK + 1) == Idle(LOOK + LEASE)
    committed = await mailbox.commit(look, LOOK + 2, session=b"s", outbox=[b"found"])
    assert committed.next is not None
    assert (committed.next.entry, committed.next.attempts, committed.next.pending_writes) == (b"hello", 1, None)


async def test_a_repeated_commit_of_a_look_appends_nothing(mailbox: Mailbox) -> None:
    """It has no number of its own to be checked by; with and without a next message."""
    await unresolved(mailbox)
    look = await claimed(mailbox, LOOK)
    first = await mailbox.commit(look, LOOK, session=None, outbox=[b"found"])
    again = await mailbox.commit(look, LOOK, session=None, outbox=[b"found"])
    assert (first, again) == (EndedLease(CommitResult.COMMITTED, None), EndedLease(CommitResult.DONE, None))
    assert (await mailbox.ack(await posting(mailbox, LOOK), LOOK)).next is None


async def test_a_repeated_commit_of_a_look_gives_the_same_next_message(mailbox: Mailbox) -> None:
    """A message came while the worker looked: it is handed out twice to the same worker, and counted once."""
    await unresolved(mailbox)
    look = await claimed(mailbox, LOOK)
    await deliver(mailbox, "hello", now_ms=LOOK)
    first = await mailbox.commit(look, LOOK, session=None)
    again = await mailbox.commit(look, LOOK, session=None)
    assert again == EndedLease(CommitResult.DONE, first.next)


async def test_looks_are_counted_apart_from_claims_of_messages(mailbox: Mailbox) -> None:
    """Three looks that failed are not three failures of the message that comes next."""
    await unresolved(mailbox)
    for count in range(1, 4):
        look = await claimed(mailbox, LOOK)
        assert look.attempts == count
        await mailbox.release(look, LOOK, due_ms=LOOK, counted=True)
    await deliver(mailbox, "hello", now_ms=LOOK)
    claim = await claimed(mailbox, LOOK)
    assert (claim.entry, claim.attempts) == (b"hello", 1)


async def test_a_look_given_back_does_not_delay_a_message_that_came_meanwhile(mailbox: Mailbox) -> None:
    """The delay was meant for the intent alone."""
    await unresolved(mailbox)
    look = await claimed(mailbox, LOOK)
    await deliver(mailbox, "hello", now_ms=LOOK)
    await mailbox.release(look, LOOK + 1, due_ms=LOOK + 60 * SECOND, counted=True)
    assert (await claimed(mailbox, LOOK + 1)).entry == b"hello"


async def test_the_intent_of_a_buried_message_stays_due_when_it_was(mailbox: Mailbox) -> None:
    """Giving up a later message does not give up an unresolved write."""
    await unresolved(mailbox)
    await deliver(mailbox, "poison")
    await mailbox.dead_letter(await claimed(mailbox), NOW, reason="5 claims")
    assert await mailbox.claim(NOW) == Idle(LOOK)
    assert (await claimed(mailbox, LOOK)).pending_writes == b"intent"


async def test_the_intent_of_the_buried_message_itself_is_looked_at_at_once(mailbox: Mailbox) -> None:
    """Its write may be under way, and nobody else would ever find out."""
    await deliver(mailbox, "pay")
    claim = await claimed(mailbox)
    await mailbox.store_pending_writes(claim, NOW, b"intent")
    await mailbox.dead_letter(claim, NOW + 1, reason="5 claims", outbox=[b"sorry"])
    look = await claimed(mailbox, NOW + 1)
    assert (look.seq, look.entry, look.session, look.pending_writes, look.attempts) == (0, None, None, b"intent", 1)


async def test_an_intent_that_cannot_be_judged_is_buried_and_put_back(mailbox: Mailbox) -> None:
    """It goes to the dead whole, once, and comes back as a look; a second one never displaces one that stands."""
    await unresolved(mailbox)
    look = await claimed(mailbox, LOOK)
    assert await mailbox.dead_letter(look, LOOK, reason="unreadable") == EndedLease(CommitResult.COMMITTED, None)
    assert await mailbox.dead_letter(look, LOOK, reason="unreadable") == EndedLease(CommitResult.DONE, None)
    assert await mailbox.claim(LOOK + LEASE) == Idle(None)
    (letter,) = await mailbox.dead_letters()
    assert (letter.is_pending_writes, letter.entry, letter.reason) == (True, b"intent", "unreadable")
    assert await mailbox.redrive(letter, LOOK) is CommitResult.COMMITTED
    assert await mailbox.redrive(letter, LOOK) is CommitResult.DONE
    again = await claimed(mailbox, LOOK)
    assert (again.seq, again.pending_writes, again.session) == (0, b"intent", None)


async def test_an_intent_is_not_put_back_under_a_workers_hands(mailbox: Mailbox) -> None:
    """The commit of whoever holds the member would erase it; so it stays with the dead until then."""
    await unresolved(mailbox)
    await mailbox.dead_letter(await claimed(mailbox, LOOK), LOOK, reason="unreadable")
    (letter,) = await mailbox.dead_letters()
    await deliver(mailbox, "hello", now_ms=LOOK)
    claim = await claimed(mailbox, LOOK)
    assert await mailbox.redrive(letter, LOOK) is CommitResult.LOST
    await mailbox.commit(claim, LOOK, session=None, pending_writes=b"another")
    assert await mailbox.redrive(letter, LOOK) is CommitResult.LOST
    assert await mailbox.dead_letters() == [letter]
