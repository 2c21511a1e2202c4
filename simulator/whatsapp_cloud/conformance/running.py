"""Tries cases, on the simulated API or on a server elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

import httpx

from ..virtual_time import Clock, run
from .case import Case, Row
from .files import filed
from .forms import formed
from .generated import shaped, sized
from .place import SHARED, START_MS, Place, SimulatedPlace, open_place
from .rules import ruled
from .samples import MARKERS
from .scenes import played

__all__ = ("Elsewhere", "cases", "try_elsewhere", "try_simulated")

LONGEST_S = 20


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A server that speaks the Graph API: its address, a token for it, and the id of a phone number of the token's."""

    url: str
    token: str
    phone_number_id: str
    version: str = "v25.0"


def cases(kinds: Iterable[str] = ()) -> list[Case]:
    """All cases, or those of some kinds, in an order that keeps the kinds together."""
    wanted = set(kinds)
    found = [*sized(), *shaped(), *ruled(), *played(), *filed(), *formed()]
    order = {kind: place for place, kind in reversed(list(enumerate(case.kind for case in found)))}
    return sorted((case for case in found if not wanted or case.kind in wanted), key=lambda case: order[case.kind])


def try_simulated(tried: Iterable[Case]) -> list[Row]:
    """Try cases on simulated APIs: those that change nothing share one, each other has one of its own."""
    listed = list(tried)

    async def main(clock: Clock) -> dict[int, Row]:
        rows = {}
        # Time passes in the others, which would make what the shared one holds old.
        async with open_place(clock, SHARED) as shared:
            for place, case in enumerate(listed):
                if case.config is None:
                    rows[place] = await _try(shared, case)
        for place, case in enumerate(listed):
            if case.config is not None:
                async with open_place(clock, case.config) as own:
                    rows[place] = await _try(own, case)
        return rows

    return [row for _, row in sorted(run(main, start_ms=START_MS).items())]


async def _try(place: SimulatedPlace, case: Case) -> Row:
    return Row(case, await (place.post(case.payload) if case.play is None else case.play(place)))


async def try_elsewhere(server: Elsewhere, tried: Iterable[Case]) -> list[Row]:
    """Try those cases on a server that are one request, and need nothing that the simulated API has of its own."""
    async with httpx.AsyncClient(base_url=server.url, timeout=LONGEST_S) as http:
        place = Place(http, token=server.token, phone_number_id=server.phone_number_id, version=server.version)
        return [Row(case, await place.post(case.payload)) for case in tried if _travels(case)]


def _travels(case: Case) -> bool:
    needs = any(json.dumps(marker)[1:-1] in json.dumps(case.payload) for marker in MARKERS)
    return (
        case.play is None and case.config is None and not needs and case.kind not in {"template", "flow", "recipient"}
    )
