"""Steps: each is written as the line that is read as it, and each type has its performer."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.domain import Denomination, Money
from simulator.credex_core import QUIRK_NAMES
from simulator.playback.performers import PERFORMERS, bot, core, handset, people, redis, scene, whatsapp
from simulator.script import directives
from simulator.script.conversation import START, Conversation, parse, write_conversation
from simulator.script.directives import STAGE, VERBS, Line, PersonStep, Step
from simulator.script.directives import bot as bot_steps
from simulator.script.directives import core as core_steps
from simulator.script.directives import handset as handset_steps
from simulator.script.directives import people as people_steps
from simulator.script.directives import redis as redis_steps
from simulator.script.directives import scene as scene_steps
from simulator.script.directives import whatsapp as whatsapp_steps
from simulator.units import read_amount, read_duration_ms, read_start_ms, write_amount, write_duration, write_start
from simulator.whatsapp_cloud import Rule
from simulator.whatsapp_cloud.inbound import OTHER_FIELDS
from simulator.world.core_acts import (
    AnswerOffer,
    JoinCore,
    LeaveCore,
    LoseAccounts,
    MakeOffer,
    ReachTier,
    SetPermission,
)
from simulator.world.failpoints import POINTS, SCRIPTS
from simulator.world.faults import (
    CORE_ENDPOINTS,
    CORE_FAILURES,
    GRAPH_CODES,
    GRAPH_FAILURES,
    LATE_FAILURES,
    WEBHOOK_FAILURES,
    Effect,
    Fault,
    GraphFault,
    make_fault,
)
from simulator.world.notices import EVENTS, CoreEvent, Notice
from simulator.world.people import Deal, MemberSpec, OtherAccount, Permission, Person

WHO = ("Tariro", "Farai", "Rudo Moyo")
PHONES = ("263771234567", "263712345678", "263782000909")
PEOPLE = tuple(Person(key, phone, f"{key} Name") for key, phone in zip(WHO, PHONES, strict=True))
OPENING = Conversation("t.yaml", "f", "t", "A test", "", START, PEOPLE, ())

keys = st.sampled_from(WHO)
phones = st.sampled_from(PHONES)
texts = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1)
durations = st.integers(1, 400_000_000)
moneys = st.builds(
    Money,
    st.integers(1, 10_000_000).map(lambda cents: Decimal(cents) / 100),
    st.sampled_from(list(Denomination)),
)
handles = st.sampled_from(("farai_shop", "tariro"))
scripts = st.sampled_from(SCRIPTS)
numbers = st.integers(1, 4)
times = st.none() | st.integers(1, 1000)
spares = st.integers(0, 9)
endpoints = st.sampled_from(CORE_ENDPOINTS[:-1]) | st.just("")

acts = st.one_of(
    st.builds(MakeOffer, moneys, keys | handles, st.none() | st.integers(1, 99)),
    st.builds(AnswerOffer, st.sampled_from(("accepts", "declines", "cancels")), keys, st.booleans()),
    st.builds(
        SetPermission, st.sampled_from(("authorises", "unauthorises", "sends notices to")), keys, st.none() | handles
    ),
    st.builds(ReachTier, st.integers(1, 5)),
    st.sampled_from((LoseAccounts(), JoinCore(), LeaveCore())),
)
core_faults = st.one_of(
    st.builds(
        make_fault,
        st.sampled_from([failure for failure in CORE_FAILURES if failure not in {"refused", "429"}]),
        endpoints,
        after=st.booleans(),
        times=times,
        spares=spares,
    ),
    st.builds(make_fault, st.just("429"), endpoints, pause_ms=st.integers(1, 99).map(lambda s: s * 1000), times=times),
    st.builds(make_fault, st.sampled_from(LATE_FAILURES), endpoints, late_ms=durations),
    st.builds(Fault, st.just(Effect.SLOW), endpoints, after=st.booleans(), times=times, slow_ms=durations),
)
graph_faults = st.one_of(
    st.builds(GraphFault, code=st.sampled_from(GRAPH_CODES), times=st.integers(1, 1000), to=st.none() | keys),
    st.builds(
        GraphFault,
        st.builds(
            make_fault,
            st.sampled_from(GRAPH_FAILURES[:-1]),
            st.sampled_from(("messages", "typing", "")),
            after=st.booleans(),
            times=times,
        ),
    ),
)
webhook_faults = st.builds(make_fault, st.sampled_from(WEBHOOK_FAILURES[:-1]), after=st.booleans(), times=times)
events = st.builds(CoreEvent, st.sampled_from(EVENTS), texts, texts, st.just("") | keys, moneys)
rules = st.one_of(
    st.builds(Rule, on=st.just("messages"), do=st.just("refuse"), code=st.sampled_from(GRAPH_CODES), times=times),
    st.builds(Rule, on=st.just("webhooks"), do=st.just("delay"), ms=durations, every=numbers, kind=st.just("text")),
    st.builds(Rule, on=st.just("webhooks"), do=st.just("strip"), without=st.just(("contacts", "name"))),
    st.builds(Rule, on=st.just("messages"), do=st.sampled_from(("reset", "hang")), taken=st.booleans()),
)
options = st.sampled_from(
    (
        ("in_order", False),
        ("reversed_statuses", True),
        ("jitter_ms", 2_000),
        ("batch_ms", 1),
        ("batch_shape", "changes"),
    )
)
said = st.builds(people_steps.TypeText, keys, texts) | st.builds(people_steps.Tap, keys, texts, st.booleans())
answers = st.dictionaries(texts, texts, min_size=1).map(lambda given: tuple(given.items()))
several = st.lists(said, min_size=1, max_size=3).map(tuple)
skews = st.integers(-90_000, 90_000)

FEW = settings(max_examples=12, deadline=None)
"""For each of many types of steps; reading YAML takes time."""

STRATEGIES: dict[type[Step], st.SearchStrategy[Any]] = {
    people_steps.ActInCore: st.builds(people_steps.ActInCore, keys, acts),
    people_steps.ChangeNumber: st.builds(people_steps.ChangeNumber, keys, phones),
    people_steps.FillIn: st.builds(people_steps.FillIn, keys, answers)
    | st.sampled_from(("older", "with_token", "checked")).flatmap(
        lambda how: st.builds(people_steps.FillIn, keys, answers, **{how: st.just(how == "older")})
    ),
    people_steps.React: st.builds(people_steps.React, keys, texts),
    people_steps.SendMedia: st.builds(people_steps.SendMedia, keys, st.sampled_from(people_steps.MEDIA)),
    people_steps.ShowNumber: st.builds(people_steps.ShowNumber, keys, st.booleans()),
    people_steps.Tap: st.builds(people_steps.Tap, keys, texts, st.booleans()),
    people_steps.TypeText: st.builds(people_steps.TypeText, keys, texts),
    handset_steps.BlockBusiness: st.builds(handset_steps.BlockBusiness, keys, st.booleans()),
    handset_steps.ChangeDevice: st.builds(handset_steps.ChangeDevice, keys),
    handset_steps.ChangeUserId: st.builds(handset_steps.ChangeUserId, keys, phones),
    handset_steps.DeleteMessage: st.builds(handset_steps.DeleteMessage, keys),
    handset_steps.EditMessage: st.builds(handset_steps.EditMessage, keys, texts),
    handset_steps.ForwardText: st.builds(handset_steps.ForwardText, keys, texts),
    handset_steps.Reply: st.builds(handset_steps.Reply, keys, texts),
    handset_steps.SwitchPhone: st.builds(handset_steps.SwitchPhone, keys, st.booleans()),
    handset_steps.TakeReactionBack: st.builds(handset_steps.TakeReactionBack, keys),
    handset_steps.TapInVain: st.builds(handset_steps.TapInVain, keys),
    handset_steps.TapWithoutContext: st.builds(handset_steps.TapWithoutContext, keys, texts),
    scene_steps.AtOnce: st.builds(scene_steps.AtOnce, several),
    scene_steps.Hurry: st.builds(scene_steps.Hurry, durations),
    scene_steps.Repair: st.just(scene_steps.Repair()),
    scene_steps.Together: st.builds(scene_steps.Together, several),
    scene_steps.Wait: st.builds(scene_steps.Wait, durations),
    whatsapp_steps.AnnounceFromMeta: st.builds(whatsapp_steps.AnnounceFromMeta, st.sampled_from(tuple(OTHER_FIELDS))),
    whatsapp_steps.BreakGraph: st.builds(whatsapp_steps.BreakGraph, graph_faults),
    whatsapp_steps.BreakNetwork: st.builds(whatsapp_steps.BreakNetwork, webhook_faults),
    whatsapp_steps.BreakWhatsApp: st.builds(whatsapp_steps.BreakWhatsApp, rules, st.just("") | keys),
    whatsapp_steps.ChangeDelivery: st.builds(
        whatsapp_steps.ChangeDelivery, st.lists(options, min_size=1, unique_by=lambda each: each[0]).map(tuple)
    ),
    whatsapp_steps.DelayWebhook: st.builds(
        whatsapp_steps.DelayWebhook, durations, st.sampled_from((1, 2, 20)), st.booleans()
    ),
    whatsapp_steps.HoldWebhooks: st.just(whatsapp_steps.HoldWebhooks()),
    whatsapp_steps.ReleaseWebhooks: st.just(whatsapp_steps.ReleaseWebhooks()),
    whatsapp_steps.RepairGraph: st.just(whatsapp_steps.RepairGraph()),
    whatsapp_steps.RepairWhatsApp: st.just(whatsapp_steps.RepairWhatsApp()),
    whatsapp_steps.RepeatWebhook: st.builds(whatsapp_steps.RepeatWebhook, st.integers(2, 20)),
    core_steps.BreakCore: st.builds(core_steps.BreakCore, core_faults),
    core_steps.NotifyMember: st.builds(core_steps.NotifyMember, st.builds(Notice, keys, texts, st.booleans())),
    core_steps.RepairCore: st.just(core_steps.RepairCore()),
    core_steps.ReportEvent: st.builds(core_steps.ReportEvent, events),
    core_steps.SetQuirks: st.builds(
        core_steps.SetQuirks, st.lists(st.sampled_from(QUIRK_NAMES), unique=True, max_size=3).map(tuple)
    ),
    redis_steps.BackUpState: st.just(redis_steps.BackUpState()),
    redis_steps.BreakConnection: st.builds(redis_steps.BreakConnection, scripts),
    redis_steps.FillState: st.builds(redis_steps.FillState, st.booleans()),
    redis_steps.FlushCache: st.just(redis_steps.FlushCache()),
    redis_steps.LoseReply: st.builds(redis_steps.LoseReply, scripts),
    redis_steps.RestartState: st.just(redis_steps.RestartState()),
    redis_steps.RestoreState: st.just(redis_steps.RestoreState()),
    redis_steps.SwitchRedis: st.builds(redis_steps.SwitchRedis, st.booleans(), st.none() | st.booleans()),
    bot_steps.Deploy: st.builds(bot_steps.Deploy, st.sampled_from(("this", "next", "same")))
    | st.builds(bot_steps.Deploy, st.sampled_from(("this", "next")), numbers),
    bot_steps.FreezeAt: st.builds(
        bot_steps.FreezeAt, st.builds("{} {}".format, st.sampled_from(("before", "after")), scripts)
    ),
    bot_steps.KillAt: st.builds(bot_steps.KillAt, st.sampled_from(POINTS)),
    bot_steps.KillBot: st.just(bot_steps.KillBot()),
    bot_steps.KillProcess: st.builds(bot_steps.KillProcess, numbers),
    bot_steps.RestartBot: st.just(bot_steps.RestartBot()),
    bot_steps.SkewClock: st.builds(bot_steps.SkewClock, numbers, skews),
    bot_steps.StartProcess: st.builds(bot_steps.StartProcess, numbers),
    bot_steps.StopBot: st.just(bot_steps.StopBot()),
    bot_steps.StopProcess: st.builds(bot_steps.StopProcess, numbers),
}


def step_types() -> frozenset[type[Step]]:
    """Every type of step that a module of directives defines."""
    modules = [import_module(f"{directives.__name__}.{each.name}") for each in iter_modules(directives.__path__)]
    found = {value for module in modules for value in vars(module).values() if isinstance(value, type)}
    return frozenset(each for each in found if issubclass(each, Step)) - {Step, PersonStep}


def read_back(conversation: Conversation) -> Conversation:
    """What is read from the text that is written of a conversation."""
    text = write_conversation(conversation)
    return parse(text, file=conversation.file, flow=conversation.flow, name=conversation.name)


def test_every_type_of_step_has_exactly_one_performer() -> None:
    """A directive without a performer is found before a conversation uses it."""
    groups = (people, handset, scene, whatsapp, core, redis, bot)
    listed = [step for group in groups for step, _ in group.PERFORMERS] + [scene_steps.Together, scene_steps.AtOnce]
    assert set(listed) == set(PERFORMERS) == step_types()
    assert len(listed) == len(set(listed))


def test_every_type_of_step_is_written_and_read_by_the_next_test() -> None:
    """A new step needs a strategy."""
    assert set(STRATEGIES) == step_types()


@pytest.mark.parametrize("step_type", STRATEGIES, ids=repr)
@given(data=st.data())
@FEW
def test_a_step_is_read_back_from_the_line_that_is_written_of_it(step_type: type[Step], data: st.DataObject) -> None:
    """Whatever its values are."""
    conversation = replace(OPENING, lines=(Line(data.draw(STRATEGIES[step_type])),))
    assert read_back(conversation) == conversation


@pytest.mark.parametrize("directive", [*VERBS.values(), *STAGE.values()], ids=lambda each: each.words or "(name)")
def test_every_example_is_read_back(directive: Any) -> None:
    """The examples in the help."""
    text = write_conversation(replace(OPENING, lines=())) + f"  - {directive.example}\n"
    conversation = parse(text, file="t.yaml", flow="f", name="t")
    assert read_back(conversation) == conversation


members = st.builds(
    MemberSpec,
    tier=st.integers(1, 5),
    balances=st.lists(moneys, max_size=2).map(tuple),
    handle=st.none() | handles,
    denomination=st.sampled_from(list(Denomination)),
    accounts=st.lists(
        st.builds(
            OtherAccount,
            st.just("A Shop: the best"),
            handles,
            st.sampled_from(list(Denomination)),
            st.lists(moneys, max_size=2).map(tuple),
        ),
        max_size=2,
    ).map(tuple),
    authorises=st.lists(st.builds(Permission, st.just("Farai"), st.none() | handles), max_size=2).map(tuple),
    notices=st.lists(st.builds(Permission, st.just("Farai"), st.none() | handles), max_size=2).map(tuple),
    owes=st.lists(st.builds(Deal, moneys, st.just("Farai"), due_days=st.none() | numbers), max_size=2).map(tuple),
    offers=st.lists(st.builds(Deal, moneys, st.just("Farai"), times=numbers), max_size=2).map(tuple),
    history=st.lists(st.builds(Deal, moneys, st.just("Farai"), st.booleans(), numbers), max_size=2).map(tuple),
)


@FEW
@given(
    member=members,
    head=st.fixed_dictionaries(
        {
            "title": texts,
            "about": st.just("") | texts,
            "starts_ms": st.integers(0, 10_000_000).map(lambda minute: minute * 60_000 + 60_000),
            "forms": st.booleans(),
            "seed": st.none() | st.integers(0, 10**9),
            "processes": numbers,
            "covers": st.sampled_from(((), ("greetings", "money is safe"))),
        }
    ),
    person=st.fixed_dictionaries(
        {
            "receipts": st.booleans(),
            "online": st.booleans(),
            "blocked": st.booleans(),
            "identity": st.sampled_from(("number", "username", "hidden", "parent")),
        }
    ),
)
def test_the_head_of_a_conversation_is_read_back(
    member: MemberSpec, head: dict[str, Any], person: dict[str, Any]
) -> None:
    """With everything that can be said of people."""
    tariro = Person("Tariro", PHONES[0], "Tariro Moyo", member, **person)
    farai = Person("Farai", PHONES[1], "Farai Ncube", MemberSpec())
    lines = (Line(scene_steps.Repair()),)
    conversation = replace(OPENING, people=(tariro, farai), lines=lines, **head)
    assert read_back(conversation) == conversation


@given(duration_ms=durations, money=moneys, minute=st.integers(0, 10_000_000))
def test_units_are_read_back(duration_ms: int, money: Money, minute: int) -> None:
    """Durations to the millisecond, amounts with all decimals, times to the minute."""
    assert read_duration_ms(write_duration(duration_ms)) == duration_ms
    assert read_amount(write_amount(money)) == money
    assert read_start_ms(write_start(minute * 60_000)) == minute * 60_000
