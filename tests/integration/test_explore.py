"""Explored worlds: functions of their seeds, written down as conversations, and all promises kept."""

from __future__ import annotations

import json
import os
import random
import secrets
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from simulator.cli.main import main
from simulator.cli.output import keep_logs_quiet
from simulator.explore import cast
from simulator.explore.draft import Draft
from simulator.explore.fleet import Summary, explore_many, repeated_by
from simulator.explore.kinds import KINDS, LOSSY, FaultContext
from simulator.explore.options import ALL_KINDS, Options, UnknownKindError, read_kinds
from simulator.explore.run import explore_one, play
from simulator.script.conversation import parse
from tests.defects.catalogue import PLANTED

ROOT = Path(__file__).parents[2]
FIXED = 1
FIXED_WORLDS = 16
FRESH_WORLDS = 12
"""A few each time, and others each time; `make explore` takes a thousand."""

MOST_WORLDS_FOR_ONE = 30
JOBS = 2

pytestmark = pytest.mark.usefixtures("quiet")


def explored(*arguments: str, hash_seed: str, jobs: str) -> dict[str, object]:
    """What the command says, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "simulator", "explore", "--json", "--jobs", jobs, *arguments],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    said: dict[str, object] = json.loads(done.stdout)
    return said


def check(summary: Summary, options: Options) -> None:
    told = [
        f"{repeated_by(outcome, options)}: {violation.invariant}: {violation.who} {violation.what}"
        for outcome in summary.failures
        for violation in outcome.violations
    ]
    assert not told, "\n".join(told)


def test_a_fixed_set_of_worlds_keeps_all_promises() -> None:
    """Everything breaks that can break, and nobody notices more than they are told."""
    summary = explore_many(FIXED, Options(), worlds=FIXED_WORLDS, jobs=JOBS, keep_going=True)
    check(summary, Options())
    assert summary.worlds == FIXED_WORLDS


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_every_kind_of_trouble_is_made_where_it_is_asked_for(kind: str) -> None:
    """In some worlds that have no other, it happens, and no promise breaks."""
    options = Options(people=2, turns=20, faults=frozenset({kind}))
    outcomes = (explore_one(seed, options) for seed in range(1, MOST_WORLDS_FOR_ONE + 1))
    outcome = next(outcome for outcome in outcomes if outcome.injected[kind] or outcome.violations)
    assert not outcome.violations
    assert set(+outcome.injected) == {kind}


def test_worlds_from_a_fresh_seed_keep_all_promises(announce: Callable[[str], None]) -> None:
    """Others each time; the seed is printed."""
    seed = secrets.randbelow(1_000_000_000)
    announce(f"explored worlds from seed {seed}: python -m simulator explore --seed {seed}")
    summary = explore_many(seed, Options(), worlds=FRESH_WORLDS, jobs=JOBS, keep_going=True)
    check(summary, Options())
    assert summary.worlds == FRESH_WORLDS


def test_the_same_seed_gives_the_same_bytes_in_any_process() -> None:
    """The digest is of every Redis command, every request and every event, with its time.

    It is the same whether one process explores all worlds or several share them, each with a batch of its own.
    """
    arguments = ("--seed", "5", "--worlds", "9", "--turns", "3")
    one, other = (explored(*arguments, hash_seed=jobs, jobs=jobs) for jobs in ("1", "2"))
    assert one["digest"] == other["digest"]
    assert explore_one(5).digest != explore_one(6).digest


@pytest.mark.parametrize("seed", [1, 2, 5, 8])
def test_a_world_is_a_conversation_that_replays_to_the_same_bytes(seed: int) -> None:
    """What was written down is all there is to it."""
    drawn = explore_one(seed)
    again = play(drawn.yaml)
    assert (again.digest, again.violations, again.turns) == (drawn.digest, drawn.violations, drawn.turns)


@pytest.mark.parametrize("name", [*KINDS, LOSSY.name])
def test_whatever_trouble_is_drawn_is_a_line_that_can_be_read(name: str) -> None:
    """Each kind draws several, all of them as anybody could write them."""
    kind = KINDS.get(name, LOSSY)
    rng = random.Random(1)
    draft = Draft(cast.opening(1, cast.draw(1, 2, rng), about="Drawn.", processes=2))
    drawn = [step for _ in range(60) if (step := kind.draw(FaultContext(rng, processes=2))) is not None]
    for step in drawn:
        draft.add(step)
    assert drawn
    read = parse(draft.yaml, file=draft.name, flow="explored", name=draft.name)
    assert read == draft.conversation
    assert len(read.people) == 2


def test_with_a_state_that_forgets_only_those_are_hurt_who_were_there() -> None:
    """Money is conserved, nobody sees another's, all drains and everybody can go on; the rest is counted."""
    summary = explore_many(1, Options(lossy=True), worlds=8, jobs=JOBS, keep_going=True)
    check(summary, Options(lossy=True))
    assert summary.injected["backups"]


FORGETFUL = """\
title: A state that forgets
people:
  Tariro: {phone: "+263 77 123 4567", name: Tariro Moyo, member: {tier: 2, balances: [50 USD]}}
  Farai: {phone: "+263 71 234 5678", name: Farai Ncube, member: {handle: farai_shop}}
lines:
  - Tariro: 5=>farai_shop
  - Tariro: 7=>farai_shop
  - state redis: backed up
"""


def test_what_is_done_again_after_a_loss_is_counted_and_no_broken_promise() -> None:
    """The offer was forgotten, not its question: whoever confirms it once more makes a second one."""
    outcome = play(FORGETFUL + "  - Tariro taps: Confirm\n  - state redis: restored\n  - Tariro taps: Confirm\n")
    assert (outcome.violations, outcome.lost["confirmed"]) == ((), 1)


def test_no_loss_excuses_what_nobody_confirmed() -> None:
    """Whatever the state has forgotten, nothing is confirmed by itself, nor by what was meant for something else."""
    text = FORGETFUL + "  - state redis: restored\n  - Tariro taps old: Confirm\n"
    obliging = play(text, run_bot=PLANTED["an old Confirm acts"].run_bot)
    assert [(violation.invariant, violation.who) for violation in obliging.violations] == [("confirmed", "Tariro")]
    assert play(text).violations == ()


def test_without_trouble_none_is_made() -> None:
    """`none` is none."""
    outcome = explore_one(3, Options(faults=frozenset()))
    assert not +outcome.injected
    assert not outcome.violations


def test_worlds_are_as_small_as_is_said() -> None:
    """Two to five people, half of the worlds with two; 3 to 60 turns, 14 on average."""
    rng = random.Random(1)
    turns = [Options().draw_turns(rng) for _ in range(20_000)]
    people = Counter(Options().draw_people(rng) for _ in range(20_000))
    assert (min(turns), max(turns)) == (3, 60)
    assert 13 < sum(turns) / len(turns) < 14.5
    assert sorted(people) == [2, 3, 4, 5]
    assert 0.48 < people[2] / 20_000 < 0.52


def test_what_is_asked_for_is_what_comes() -> None:
    """So many people, so many turns."""
    outcome = explore_one(4, Options(people=4, turns=6, faults=frozenset()))
    assert (len(parse(outcome.yaml, file="", flow="", name="").people), outcome.turns) == (4, 6)


def test_kinds_are_read_with_hyphens_and_unknown_ones_refused() -> None:
    """The hint names what there is."""
    assert read_kinds("kills,old-taps") == frozenset({"kills", "old taps"})
    assert read_kinds("none") == frozenset()
    assert read_kinds("all") is None
    with pytest.raises(UnknownKindError, match="Did you mean 'kills'"):
        read_kinds("kils")


def test_the_line_that_repeats_a_world_says_all_that_was_asked_for() -> None:
    """Options are part of it, for they are part of what is drawn."""
    options = Options(people=3, turns=9, faults=frozenset({"old taps", "kills"}))
    outcome = explore_one(2, options)
    line = repeated_by(outcome, options)
    assert line == ("python -m simulator explore --seed 2 --worlds 1 --people 3 --turns 9 --faults kills,old-taps")
    done = CliRunner().invoke(main, [*line.split()[3:], "--json", "--jobs", "1"])
    assert done.exit_code == 0
    assert json.loads(done.stdout)["turns"] == outcome.turns


def test_the_summary_names_trouble_promises_and_speed() -> None:
    """One table each, and one line."""
    done = CliRunner().invoke(main, ["explore", "--seed", "1", "--worlds", "2", "--jobs", "1", "--no-color"])
    assert done.exit_code == 0
    assert "Faults injected" in done.stdout
    assert "Invariants checked" in done.stdout
    assert "2 worlds" in done.stdout
    assert "all invariants hold" in done.stdout


def test_help_names_every_kind_of_trouble_and_every_promise() -> None:
    """Nobody has to look into the code."""
    done = CliRunner().invoke(main, ["explore", "--help"])
    keep_logs_quiet(logs=False)
    for name in ALL_KINDS:
        assert name.replace(" ", "-") in done.stdout
