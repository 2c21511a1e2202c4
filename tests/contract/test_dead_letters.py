"""Dead letters as operators see them, on the fake and the real Redis."""

from __future__ import annotations

from service.admin.dead_letters import dead_letters
from service.mailbox import Mailbox
from tests.contract.mailbox_steps import MEMBER, NOW, claimed, deliver

HOUR = 3_600_000


def called(member: str) -> str:
    """A pseudonym that can be read."""
    return f"member{member[-2:]}"


async def told(mailbox: Mailbox, deed: str, *names: str) -> list[str]:
    """What is told two hours later."""
    return await dead_letters(mailbox, deed, frozenset(names), now_ms=NOW + 2 * HOUR, pseudonym=called)


async def buried(mailbox: Mailbox) -> str:
    """A message that was given up; its name in the list."""
    await deliver(mailbox, "poison")
    claim = await claimed(mailbox)
    await mailbox.dead_letter(claim, NOW, reason="not finished by 5 claims")
    return f"{called(MEMBER)}-{claim.seq}-{NOW}"


async def test_what_was_given_up_is_listed_with_reason_and_age_and_without_its_text(mailbox: Mailbox) -> None:
    """Nor the member's number."""
    name = await buried(mailbox)
    (line,) = await told(mailbox, "list")
    assert line == f"{name}: a message, given up 2.0 h ago: not finished by 5 claims"
    assert MEMBER not in line


async def test_a_letter_is_put_back_once(mailbox: Mailbox) -> None:
    """Then it is the member's next message, and among the dead no more."""
    name = await buried(mailbox)
    assert await told(mailbox, "put-back", name) == [f"{name}: put back"]
    assert await told(mailbox, "put-back", name) == [f"{name}: there is no such letter"]
    assert (await claimed(mailbox, NOW + 3 * HOUR)).entry == b"poison"


async def test_a_letter_is_dropped_only_by_its_name(mailbox: Mailbox) -> None:
    """Without a name nothing happens to any."""
    name = await buried(mailbox)
    assert await told(mailbox, "drop") == []
    assert await told(mailbox, "drop", name, "nobody-1-1") == [
        f"{name}: dropped",
        "nobody-1-1: there is no such letter",
    ]
    assert await told(mailbox, "list") == []
