"""The ledger, as plays: pages, entries with and without ids, and what is gone."""

from __future__ import annotations

from datetime import date

import pytest

from service.conversation import Option
from service.domain import LedgerLine
from service.domain.commands import Known, Login, NotFound, Outcome, ReadCredex, ReadLedger, Refused, Unavailable
from tests.unit.flows_play import DAY, NOON, SECOND, Play, Stage
from tests.unit.flows_world import XAU, account, credex, dashboard, known, ledger, line, money

FARAI = "Farai Ncube Personal"


@pytest.fixture
def stage() -> Stage:
    return Stage()


def listed(stage: Stage, *lines: LedgerLine, page: int = 1, pages: int = 1) -> Play:
    """The newest page."""
    return stage.member().say("ledger").core(known()).core(ledger(*lines, page=page, pages=pages))


def descriptions(play: Play) -> list[str]:
    (screen,) = play.said
    return [row.description for row in screen.sections[0].rows]  # type: ignore[union-attr]


# -- the pages ------------------------------------------------------------------------------------------------------


def test_the_ledger_can_be_looked_at_from_anywhere(stage: Stage) -> None:
    """By word and by tap; it is the one of the account acted for."""
    shop = account(account_id="acc-2", name="Shop")
    for play in (stage.member().say("ledger"), stage.member().say("hi").core(known()).tap("Ledger")):
        assert play.call == Login()
        assert play.core(known()).call == ReadLedger("acc-1", 1)
    other = stage.member(account="acc-2").say("history").core(Known(dashboard(account(), shop)))
    assert other.call == ReadLedger("acc-2", 1)
    assert other.core(ledger(line())).text.startswith("Ledger of *Shop*, the newest first.")


def test_each_line_has_a_sign_an_amount_a_person_and_a_day(stage: Stage) -> None:
    """In Harare's days; what core leaves out is left out."""
    night = line("1234.50", "Rudo Dube Personal", credex_id="cx-2", accepted_at_ms=NOON + 10 * 3600 * SECOND)
    gold = LedgerLine(money("-0.0001", XAU), FARAI, None, "cx-3")
    play = listed(stage, line(), night, gold)
    assert play.text == (
        "Ledger of *Tariro Moyo Personal*, the newest first.\n\nPlus: owed to you. Minus: owed by you."
    )
    assert play.titles == ["-5.00 USD", "+1,234.50 USD", "-0.0001 XAU", "Menu"]
    assert descriptions(play) == [
        "to Farai Ncube Personal, 28 November 2026",
        "from Rudo Dube Personal, 28 November 2026",
        "to Farai Ncube Personal",
        "",
    ]
    later = listed(stage, line(accepted_at_ms=NOON + 12 * 3600 * SECOND))
    assert descriptions(later)[0].endswith("29 November 2026")


@pytest.mark.parametrize(
    ("page", "pages", "ways"),
    [(1, 1, []), (1, 2, ["Older"]), (2, 2, ["Newer"]), (2, 3, ["Newer", "Older"]), (500, 999, ["Newer", "Older"])],
)
def test_pages_lead_to_the_older_and_the_newer_ones(page: int, pages: int, ways: list[str]) -> None:
    """Never more than ten rows."""
    lines = [line(f"{n + 1}.00", credex_id=f"cx-{n}") for n in range(7)]
    play = listed(Stage(), *lines, page=page, pages=pages)
    assert play.titles == [*(f"+{n + 1}.00 USD" for n in range(7)), *ways, "Menu"]
    assert (f", page {page} of {pages}, " in play.text) is (pages > 1)
    following = {"Older": page + 1, "Newer": page - 1}
    for way in ways:
        assert play.fork().tap(way).core(known()).call == ReadLedger("acc-1", following[way])


def test_a_page_of_yesterday_still_leads_on_and_a_number_that_is_none_to_the_first(stage: Stage) -> None:
    """The ids of pages are durable."""
    older = listed(stage, line(), page=1, pages=2).option("Older")
    assert stage.member().wait(DAY).tap_again(older).core(known()).call == ReadLedger("acc-1", 2)
    for odd in ("0", "-1", "x", "٣", "1" * 7, ""):
        play = stage.member().tap_again(Option(f"n:ledger:{odd}", "Older")).core(known())
        assert play.call == ReadLedger("acc-1", 1)


def test_a_page_is_shown_again_after_a_word_that_nobody_understands(stage: Stage) -> None:
    """The same page, read afresh."""
    first = listed(stage, line(), page=1, pages=2)
    second = first.tap("Older").core(known()).core(ledger(line(), page=2, pages=2))
    assert second.say("perhaps").call == ReadLedger("acc-1", 2)
    assert ", page 2 of 2, " in second.core(ledger(line(), page=2, pages=2)).text


def test_an_empty_ledger_says_so(stage: Stage) -> None:
    """With a way home."""
    play = listed(stage)
    assert play.text == "Nothing has been accepted yet on *Tariro Moyo Personal*."
    assert play.tap("Menu").core(known()).at == "dashboard.menu"


def test_core_may_be_away_or_know_the_member_no_more(stage: Stage) -> None:
    """Each is told as it is, before each screen."""
    looks = (NotFound(), Known(dashboard()), Unavailable(), Refused("tier"))
    places = ["registration.welcome", "greeting.no_account", "greeting.away", "greeting.away"]
    assert stage.goes(stage.member(), "ledger", *looks) == places
    assert stage.goes(listed(stage, line()), "-5.00 USD", *looks) == places
    read = stage.member().say("ledger").core(known())
    assert [read.fork().core(look).at for look in (Unavailable(), NotFound())] == ["greeting.away", "greeting.away"]
    assert stage.goes(listed(stage, line(credex_id=None)), "-5.00 USD", Unavailable()) == ["greeting.away"]
    opened = listed(stage, line()).tap("-5.00 USD").core(known())
    assert opened.core(Unavailable()).at == "greeting.away"


# -- one entry ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "You owe *Farai Ncube Personal* *5.00 USD*.\nIt is without backing."),
        ({"outgoing": False, "secured": True}, "*Farai Ncube Personal* owes you *5.00 USD*.\nIt is secured."),
        (
            {"outstanding": money("2.00"), "secured": True},
            "You owed *Farai Ncube Personal* *5.00 USD*.\nStill open: 2.00 USD.\nIt is secured.",
        ),
        (
            {"due": date(2026, 12, 26)},
            "You owe *Farai Ncube Personal* *5.00 USD*.\nIt is without backing, due on 26 December 2026.",
        ),
        (
            {"outgoing": False, "outstanding": money("-2.00"), "secured": True},
            "*Farai Ncube Personal* owed you *5.00 USD*.\nStill open: 2.00 USD.\nIt is secured.",
        ),
        (
            {"state": "CLEARED", "outstanding": money("0"), "secured": True},
            "You owed *Farai Ncube Personal* *5.00 USD*.\nIt is settled in full.\nIt is secured.",
        ),
        ({"outgoing": None}, "*5.00 USD* between you and *Farai Ncube Personal*.\nIt is without backing."),
        ({"amount": None}, "Credex tells no amount of this one, with *Farai Ncube Personal*."),
    ],
)
def test_an_entry_says_who_owes_whom_how_much_and_how_it_stands(given: dict[str, object], words: str) -> None:
    """As far as core tells."""
    play = listed(Stage(), line()).tap("-5.00 USD").core(known())
    assert play.call == ReadCredex("cx-1", "acc-1")
    assert play.core(credex(**given)).text == words
    assert play.titles == ["Ledger", "Menu"]


def test_an_entry_leads_back_to_the_ledger_and_is_shown_again_as_it_was(stage: Stage) -> None:
    """Nothing is unfinished there."""
    play = listed(stage, line()).tap("-5.00 USD").core(known()).core(credex())
    words = play.text
    assert play.say("perhaps").text.endswith(words)
    assert play.tap("Ledger").core(known()).core(ledger(line())).at == "ledger.list"


def test_a_row_of_yesterday_still_opens_its_entry_and_says_so_when_it_is_gone(stage: Stage) -> None:
    """The row names the credex, not its place; what core shows otherwise than accepted is none of the ledger's."""
    row = listed(stage, line()).option("-5.00 USD")
    gone: list[Outcome] = [NotFound(), Refused("not_authorised"), credex(state="OFFERS"), credex(state="CANCELLED")]
    for outcome in gone:
        play = stage.member().wait(DAY).tap_again(row).core(known()).core(outcome)
        assert play.at == "ledger.gone"
        assert play.text == "I do not see that entry there any more; newer ones may have come. Please look once more."
        assert play.titles == ["Ledger", "Menu"]


def test_a_line_without_an_id_says_what_the_line_says(stage: Stage) -> None:
    """Read afresh; the amount without its sign."""
    undated = line("7.00", credex_id=None, accepted_at_ms=None)
    play = listed(stage, line(credex_id=None), undated)
    first = play.fork().tap("-5.00 USD")
    assert first.call == ReadLedger("acc-1", 1)
    first.core(ledger(line(credex_id=None), undated))
    assert first.text == "You owe *Farai Ncube Personal* *5.00 USD*.\nAccepted on 28 November 2026."
    second = play.tap("+7.00 USD").core(ledger(line(credex_id=None), undated))
    assert second.text == "*Farai Ncube Personal* owes you *7.00 USD*."


def test_a_line_without_an_id_is_found_where_it_stands_now(stage: Stage) -> None:
    """Another may have come above it; one that is not there, or could be either of two, is said to be gone."""
    mine = line("7.00", "Rudo Dube Personal", credex_id=None)
    play = listed(stage, mine).tap("+7.00 USD")
    newer = line("1.00", credex_id=None)
    same = line("7.00", credex_id=None)
    assert play.fork().core(ledger(newer, mine)).text.startswith("*Rudo Dube Personal* owes you *7.00 USD*.")
    assert play.fork().core(ledger(mine, same)).text.startswith("*Rudo Dube Personal* owes you *7.00 USD*.")
    for lines in ((), (newer,), (newer, mine, same), (line("7.00", credex_id=None, accepted_at_ms=NOON + 1),)):
        assert play.fork().core(ledger(*lines)).at == "ledger.gone"


def test_a_name_from_core_cannot_pretend_to_be_another_amount(stage: Stage) -> None:
    """Marks of emphasis in names are dropped, and they are cut to their place."""
    odd = "Rudo* owes you *1000 USD*\n\n" + "x" * 200
    play = listed(stage, line(who=odd, credex_id=None)).tap("-5.00 USD").core(ledger(line(who=odd, credex_id=None)))
    assert play.text.startswith("You owe *Rudo owes you 1000 USD xxx")
    assert "x" * 60 not in play.text
    assert len(descriptions(listed(stage, line(who=odd)))[0]) <= 72
