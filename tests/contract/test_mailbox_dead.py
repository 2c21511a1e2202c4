"""The rules of the dead: nothing given up is lost, and what is put back starts afresh."""

from __future__ import annotations

from typing import TYPE_CHECKING

from service.mailbox import CommitResult, EndedLease, Idle
from tests.contract.mailbox_steps import MEMBER, NOW, SECOND, claimed, deliver, posting

if TYPE_CHECKING:
    from service.mailbox import Mailbox


async def test_a_buried_message_leaves_room_for_the_next(mailbox: Mailbox) -> None:
    """It is among the dead with reason and time, the member is told, the session is reset, and the next one comes."""
    await deliver(mailbox, "fine", "poison", "next")
    fine = await claimed(mailbox)
    poison = (await mailbox.commit(fine, NOW, session=b"s")).next
    assert poison is not None
    buried = await mailbox.dead_letter(poison, NOW + SECOND, reason="5 claims", outbox=[b"sorry"])
    assert buried.next is not None
    assert (buried.next.entry, buried.next.session, buried.next.attempts) == (b"next", None, 1)
    assert (await posting(mailbox, NOW + SECOND)).entry == b"sorry"
    (letter,) = await mailbox.dead_letters()
    assert (letter.member, letter.seq, letter.entry) == (MEMBER, poison.seq, b"poison")
    assert (letter.reason, letter.died_at_ms, letter.is_pending_writes) == ("5 claims", NOW + SECOND, False)


async def test_a_repeated_burial_buries_once(mailbox: Mailbox) -> None:
    """One letter, one message to the member, the same next claim."""
    await deliver(mailbox, "poison", "next")
    claim = await claimed(mailbox)
    first = await mailbox.dead_letter(claim, NOW, reason="r", outbox=[b"sorry"])
    again = await mailbox.dead_letter(claim, NOW, reason="r", outbox=[b"sorry"])
    assert again == EndedLease(CommitResult.DONE, first.next)
    assert len(await mailbox.dead_letters()) == 1
    assert (await mailbox.ack(await posting(mailbox), NOW)).next is None


async def test_what_is_put_back_comes_last_and_finds_no_session(mailbox: Mailbox) -> None:
    """A new number at the end of the inbox, once; the entry and its fate are as if it had just arrived."""
    await deliver(mailbox, "poison", "next")
    committed = await mailbox.dead_letter(await claimed(mailbox), NOW, reason="r")
    assert committed.next is not None
    await mailbox.commit(committed.next, NOW, session=b"s")
    await deliver(mailbox, "third")
    (letter,) = await mailbox.dead_letters()
    assert await mailbox.redrive(letter, NOW) is CommitResult.COMMITTED
    assert await mailbox.redrive(letter, NOW) is CommitResult.DONE
    assert await mailbox.dead_letters() == []
    third = await claimed(mailbox)
    back = (await mailbox.commit(third, NOW, session=third.session)).next
    assert back is not None
    assert (third.entry, back.entry, back.session, back.attempts) == (b"third", b"poison", None, 1)
    assert (await mailbox.commit(back, NOW, session=None)).next is None


async def test_what_is_put_back_for_an_idle_member_is_due_now(mailbox: Mailbox) -> None:
    """Also when the member was due only later, for an intent."""
    await deliver(mailbox, "pay", "poison")
    claim = await claimed(mailbox)
    following = (await mailbox.commit(claim, NOW, session=None, pending_writes=b"i", due_ms=NOW + 30 * SECOND)).next
    assert following is not None
    await mailbox.dead_letter(following, NOW, reason="r")
    assert await mailbox.claim(NOW) == Idle(NOW + 30 * SECOND)
    (letter,) = await mailbox.dead_letters()
    await mailbox.redrive(letter, NOW)
    back = await claimed(mailbox)
    assert (back.entry, back.pending_writes) == (b"poison", b"i")


async def test_what_is_dropped_is_gone(mailbox: Mailbox) -> None:
    """Once, and it cannot be put back afterwards."""
    await deliver(mailbox, "poison")
    await mailbox.dead_letter(await claimed(mailbox), NOW, reason="r")
    (letter,) = await mailbox.dead_letters()
    assert await mailbox.drop(letter) is CommitResult.COMMITTED
    assert await mailbox.drop(letter) is CommitResult.DONE
    assert await mailbox.redrive(letter, NOW) is CommitResult.DONE
    assert await mailbox.claim(NOW) == Idle(None)


async def test_the_dead_are_listed_page_by_page(mailbox: Mailbox) -> None:
    """Oldest first; and counted in the queue statistics."""
    await deliver(mailbox, *"abcde")
    for _ in range(5):
        claim = await claimed(mailbox)
        buried = await mailbox.dead_letter(claim, NOW, reason="\n 9 r")
        if buried.next is not None:
            await mailbox.release(buried.next, NOW, due_ms=NOW, counted=False)
    pages = [await mailbox.dead_letters(start, 2) for start in (0, 2, 4, 6)]
    assert [[letter.entry for letter in page] for page in pages] == [[b"a", b"b"], [b"c", b"d"], [b"e"], []]
    assert await mailbox.dead_letters(0, 0) == []
    assert (await mailbox.queue_stats()).dead_letters == 5
