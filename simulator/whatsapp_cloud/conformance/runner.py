"""Runs cases on the simulated API or on a remote server."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

import httpx

from ..virtual_time import Clock, run
from .api_under_test import SHARED, START_MS, ApiUnderTest, SimulatedApi, open_simulated_api
from .case import Case, CaseResult
from .files import file_cases
from .forms import form_cases
from .generated import limit_cases, schema_cases
from .rules import rule_cases
from .samples import MARKERS
from .scenarios import scenario_cases

__all__ = ("RemoteServer", "cases", "run_remote", "run_simulated")

LONGEST_S = 20


@dataclass(frozen=True, slots=True)
class RemoteServer:
    """A server that speaks the Graph API: its address, a token for it, and the id of a phone number of the token's."""

    url: str
    token: str
    phone_number_id: str
    version: str = "v25.0"


def cases(kinds: Iterable[str] = ()) -> list[Case]:
    """All cases, or those of some kinds, grouped by kind."""
    wanted = set(kinds)
    found = [*limit_cases(), *schema_cases(), *rule_cases(), *scenario_cases(), *file_cases(), *form_cases()]
    order = {kind: index for index, kind in reversed(list(enumerate(case.kind for case in found)))}
    return sorted((case for case in found if not wanted or case.kind in wanted), key=lambda case: order[case.kind])


def run_simulated(cases: Iterable[Case]) -> list[CaseResult]:
    """Run cases on simulated APIs: one for all cases without a `Case.config`, and one for each other case."""
    listed = list(cases)

    async def main(clock: Clock) -> dict[int, CaseResult]:
        rows = {}
        # The shared API comes first: other cases advance the clock, which would make its messages old.
        async with open_simulated_api(clock, SHARED) as shared:
            for index, case in enumerate(listed):
                if case.config is None:
                    rows[index] = await _run(shared, case)
        for index, case in enumerate(listed):
            if case.config is not None:
                async with open_simulated_api(clock, case.config) as own:
                    rows[index] = await _run(own, case)
        return rows

    return [row for _, row in sorted(run(main, start_ms=START_MS).items())]


async def _run(api: SimulatedApi, case: Case) -> CaseResult:
    return CaseResult(case, await (api.post(case.payload) if case.scenario is None else case.scenario(api)))


async def run_remote(server: RemoteServer, selected: Iterable[Case]) -> list[CaseResult]:
    """Run cases on a remote server: those that are a single request and need no prepared objects."""
    async with httpx.AsyncClient(base_url=server.url, timeout=LONGEST_S) as http:
        api = ApiUnderTest(http, token=server.token, phone_number_id=server.phone_number_id, version=server.version)
        return [CaseResult(case, await api.post(case.payload)) for case in selected if _is_portable(case)]


def _is_portable(case: Case) -> bool:
    needs = any(json.dumps(marker)[1:-1] in json.dumps(case.payload) for marker in MARKERS)
    return (
        case.scenario is None
        and case.config is None
        and not needs
        and case.kind not in {"template", "flow", "recipient"}
    )
