"""What a conversation file says of Credex core: how it begins, and what people do there past the bot."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import date

import pytest

from service.domain import Denomination
from simulator.credex_core import Core, State
from simulator.errors import ConversationError, SimulatorError
from simulator.script.conversation import parse
from simulator.script.core_acts import read_act
from simulator.units import FlawError
from simulator.world.fixtures import load_fixtures
from simulator.world.people import Person
from tests.credex_world import START_MS, usd

PEOPLE = """
  Tariro:
    phone: "+263 77 123 4567"
    name: Tariro Moyo
    member:
      tier: 4
      handle: tariro
      balances: [10 USD]
      accounts:
        - {name: Moyo Hardware, handle: moyo_hardware, denomination: ZWG, balances: [50 USD, 1,040 ZWG]}
      authorises: [Farai, Rudo for moyo_hardware]
      notices: [Rudo for moyo_hardware]
      owes: [5 USD to Farai]
      offers: [3 times 1 USD to Farai, 2 USD to Rudo due in 14 days]
      history: [20 times 1 USD to Farai, 3.50 USD from Rudo]
  Farai: {phone: "+263 77 234 5678", name: Farai Ncube, member: {handle: farai}}
  Rudo: {phone: "+263 77 345 6789", name: Rudo Dube, member: {handle: rudo, tier: 2}}
  Chipo: {phone: "+263 77 456 7890"}
"""


def people(text: str = PEOPLE) -> tuple[Person, ...]:
    """The people of a file."""
    return parse(f"title: A\npeople:{text}\nlines: [Tariro: a]", file="a.yaml", flow="a", name="a").people


def begun(text: str = PEOPLE) -> Core:
    """Core as these people find it."""
    core = Core(clock_ms=lambda: START_MS, rng=random.Random(1))
    load_fixtures(core, people(text))
    return core


def test_business_accounts_belong_to_their_owner() -> None:
    """With their own handle, denomination and balances."""
    core = begun()
    shop, tariro = core.account("moyo_hardware"), core.member("263771234567")
    assert (shop.name, shop.kind, shop.denomination, shop.owner_id) == (
        "Moyo Hardware",
        "BUSINESS",
        Denomination.ZWG,
        tariro.member_id,
    )
    assert usd("50") == core.balance("moyo_hardware")


def test_people_act_for_accounts_and_are_told_of_offers() -> None:
    """For the personal account, or the one that is named."""
    core = begun()
    tariro, farai, rudo = (core.member(person.phone).member_id for person in people()[:3])
    assert ([tariro, farai], [tariro, rudo]) == (
        core.account("tariro").authorised,
        core.account("moyo_hardware").authorised,
    )
    assert (tariro, rudo) == (core.account("tariro").send_offers_to, core.account("moyo_hardware").send_offers_to)


def test_offers_wait_and_debts_are_owed() -> None:
    """As many as it says, unsecured ones until their day."""
    core = begun()
    offers = [(credex.amount, credex.due) for credex in core.offers("tariro")]
    owed = [credex for credex in core.credexes() if credex.state is State.OWES and not credex.secured]
    assert [(int(amount), due) for amount, due in offers] == [(1, None)] * 3 + [(2, date(2026, 11, 16))]
    assert [credex.amount for credex in owed] == [5]


def test_the_past_stands_in_the_ledgers_and_weighs_nothing() -> None:
    """One a day, the last of them yesterday; balances are what the file says."""
    core = begun()
    past = [credex for credex in core.credexes() if credex.state is State.CLEARED]
    days_ago = [(START_MS - (credex.ended_ms or 0)) // 86_400_000 for credex in past]
    assert days_ago == list(range(21, 0, -1))
    assert [credex.amount for credex in past[-2:]] == [1, usd("3.50").amount]
    assert usd("7") == core.balance("tariro")
    core.check_conserved()


@pytest.mark.parametrize(
    ("member", "what"),
    [
        ("{authorises: [Nobody]}", "nothing to do with 'Nobody'"),
        ("{notices: [Farai for a.b]}", "not a handle: 'a.b'"),
        ("{offers: [1 USD to Tariro]}", "nothing to do with 'Tariro'"),
        ("{offers: [1 USD from Farai]}", "not an offer of theirs"),
        ("{offers: [1000 times 1 USD to Farai]}", "not an offer"),
        ("{history: [1 USD]}", "not a credex of the past"),
        ("{history: [1 USD to Farai due in 3 days]}", "not due any more"),
        ("{owes: [2 times 1 USD to Farai]}", "not a debt"),
        ("{accounts: [{name: A Shop}]}", "an account needs 'handle'"),
    ],
)
def test_what_cannot_be_meant_is_named(member: str, what: str) -> None:
    """Before anything is played."""
    text = f"""
  Tariro: {{phone: "0771234567", name: T Moyo, member: {member}}}
  Farai: {{phone: "0772345678", name: Farai Ncube, member: true}}
"""
    with pytest.raises(ConversationError) as caught:
        people(text)
    assert any(what in problem.what for problem in caught.value.problems), caught.value.problems


@pytest.mark.parametrize(
    "member",
    [
        "{accounts: [{name: A Shop, handle: a_shop}]}",
        "{tier: 3, authorises: [Farai]}",
        "{tier: 4, notices: [Farai]}",
        "{offers: [1 USD to Farai]}",
        "{offers: [1 USD to Farai due in 14 days]}",
        "{tier: 2, offers: [1 USD to Farai due in 40 days]}",
    ],
)
def test_what_the_rules_of_core_forbid_is_no_beginning(member: str) -> None:
    """A conversation shows nothing that could not be."""
    text = f"""
  Tariro: {{phone: "0771234567", name: Tariro Moyo, member: {member}}}
  Farai: {{phone: "0772345678", name: Farai Ncube, member: true}}
"""
    with pytest.raises(SimulatorError):
        begun(text)


def act(core: Core, text: str, who: str = "Tariro") -> str:
    """Somebody does something in core; what is noted."""
    known: Mapping[str, Person] = {person.key: person for person in people()}
    done = read_act(text, lambda name: known[name].key)
    assert done is not None
    return done.perform(core, known, who)


def test_people_act_in_core_past_the_bot() -> None:
    """Each of the ways, with what the transcript says of it."""
    core = begun()
    shop, farai = core.account("moyo_hardware"), core.member("263772345678")
    assert act(core, "has tier 5") == "Tariro has tier 5 in Credex core from now on"
    assert core.member("263771234567").tier == 5
    assert act(core, "authorises Farai for moyo_hardware") == "Tariro authorises Farai for moyo_hardware in Credex core"
    assert farai.member_id in shop.authorised
    assert act(core, "unauthorises Farai for moyo_hardware").startswith("Tariro unauthorises Farai")
    assert farai.member_id not in shop.authorised
    said = act(core, "offers 5 USD to moyo_hardware due in 21 days", "Rudo")
    assert said == "Rudo offers 5 USD to moyo_hardware, due in 21 days, in Credex core".replace("5 USD", "5.00 USD")
    assert core.offers("moyo_hardware")[0].due == date(2026, 11, 23)
    assert (
        act(core, "declines the newest offer from Rudo")
        == "Tariro declines the offer of 5.00 USD from Rudo in Credex core"
    )
    assert core.offers("moyo_hardware") == []


@pytest.mark.parametrize(
    ("who", "text"),
    [
        ("Farai", "offers 5 USD to tariro due in 14 days"),
        ("Farai", "authorises Rudo"),
        ("Tariro", "authorises Farai for farai"),
        ("Tariro", "authorises Chipo"),
        ("Chipo", "has tier 2"),
        ("Rudo", "accepts the newest offer from Farai"),
    ],
)
def test_what_core_refuses_is_a_flaw_of_the_file(who: str, text: str) -> None:
    """It is told where it stands, not swallowed."""
    with pytest.raises(FlawError):
        act(begun(), text, who)
