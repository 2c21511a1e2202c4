"""The simulated Cloud API against what Meta's pages say of it, row by row; and the command that prints it."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from dataclasses import replace

import httpx
import pytest
from click.testing import CliRunner

from simulator.cli.conformance import conformance_command
from simulator.whatsapp_cloud import LIMITS, CloudApi, Config, graph_app
from simulator.whatsapp_cloud.conformance import Case, Observed, RemoteServer, cases, run_remote, run_simulated
from simulator.whatsapp_cloud.conformance.generated import BUILDERS
from simulator.whatsapp_cloud.conformance.reference import SIZES
from simulator.whatsapp_cloud.conformance.samples import SAMPLES
from simulator.whatsapp_cloud.kinds import KINDS
from tests.contract.cloud_bot import BUSINESS
from tests.contract.test_cloud_sockets import served


def test_every_row_is_as_the_reference_says() -> None:
    """More than a thousand requests over HTTP, each answered with the code that Meta's pages name."""
    rows = run_simulated(cases())
    wrong = [(row.case.kind, row.case.rule, row.case.code, row.observed) for row in rows if not row.passed]
    assert wrong == []
    assert len(rows) >= 1_000


def test_the_apis_limits_are_those_of_the_reference() -> None:
    """Two tables, written apart, say the same of each size: what is allowed, and the code beyond it."""
    assert set(LIMITS) == set(SIZES)
    smallest = {"template.url": 1, "media.animated_sticker": 1, "template.header": 0, "template.body": 0}
    smallest |= {"rate.pair_burst": 0, "rate.throughput": 0, "template.buttons": 0}
    told = {part: (limit.least, limit.most, limit.code) for part, limit in LIMITS.items()}
    # The smallest address and the smallest animation that can be made are longer than what the limit asks for.
    assert told == {part: (smallest.get(part, size.least), size.most, size.above) for part, size in SIZES.items()}


def test_every_size_is_tried_at_its_ends_and_beyond_them() -> None:
    """In messages, uploads, templates that are submitted, and rates."""
    tried = Counter(case.rule.split(":")[0] for case in cases())
    elsewhere = {"rate.pair_burst", "rate.throughput"}
    assert {part for part in SIZES if tried[part] < 3} == elsewhere
    assert set(BUILDERS) <= set(SIZES)


def test_every_kind_of_message_has_a_sample() -> None:
    """And rows of its own."""
    tried = {case.kind for case in cases()}
    sampled = {sample["type"] for sample in SAMPLES.values()}
    assert sampled == set(KINDS)
    assert set(SAMPLES) <= tried


@pytest.mark.parametrize(
    "given",
    [
        Observed(None),
        Observed(131008, 400, "a button"),
        Observed(131009, 400, "another thing"),
        Observed(131009, 500, "a button"),
        Observed(131009, 400, "a button", later=True),
    ],
)
def test_a_row_is_wrong_in_its_code_its_words_its_status_or_its_time(given: Observed) -> None:
    """Each is looked at."""
    case = Case("button", "a rule", 131009, text="a button", status=400)
    assert case.matches(Observed(131009, 400, "a button is too long"))
    assert not case.matches(given)


def test_a_wrong_answer_makes_a_row_red() -> None:
    """A rule that expects what the API does not do is found out."""
    (case,) = [case for case in cases(["text"]) if case.rule == "text.body: 4097 of 1 to 4096"]
    right, wrong = run_simulated([case, replace(case, code=131009)])
    assert (right.passed, wrong.passed) == (True, False)


async def test_another_server_can_be_tried_over_real_sockets() -> None:
    """Those rows that are a request of their own and need no ids."""
    async with httpx.AsyncClient() as client:
        cloud = CloudApi(
            BUSINESS,
            to_bot=client,
            clock_ms=lambda: time.time_ns() // 1_000_000,
            rng=random.Random(1),
            config=Config(pair_every_ms=None, per_second=None),
        )
        async with served(graph_app(cloud)) as url:
            server = RemoteServer(url, BUSINESS.access_token, BUSINESS.phone_number_id)
            rows = await run_remote(server, cases(["location", "contacts", "flow", "mark_as_read", "token"]))
            garbled = await run_remote(replace(server, token="wrong"), cases(["location"])[:1])
        await cloud.stop()
    assert {row.case.kind for row in rows} == {"location", "contacts", "mark_as_read"}
    assert [row for row in rows if not row.passed] == []
    assert [row.observed.code for row in garbled] == [190]


def test_the_command_prints_rows_counts_and_kinds() -> None:
    """As a table, or as JSON; only those that went wrong, if asked."""
    table = CliRunner().invoke(conformance_command, ["--kind", "reaction", "--no-color"])
    assert table.exit_code == 0
    assert "emoji: of a wrong type" in table.output
    assert "rows are as expected" in table.output
    told = json.loads(CliRunner().invoke(conformance_command, ["--kind", "to", "--json", "--failed"]).output)
    assert told == {"rows": [], "tried": 8, "right": 8}


@pytest.mark.parametrize(
    ("options", "said"),
    [(["--kind", "poem"], "there is no kind 'poem'; the kinds are: text, button"), (["--url", "http://x"], "--token")],
)
def test_wrong_usage_of_the_command_is_explained(options: list[str], said: str) -> None:
    """With what would be right, and exit code 2."""
    result = CliRunner().invoke(conformance_command, options)
    assert (result.exit_code, said in result.output) == (2, True)
