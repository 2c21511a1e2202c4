"""One flow after the other, as the notebook shows them: its graph, its phones, its exits and who walks them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Final

from notebooks.review.cases import happy_paths, left_or_late, refusals, strip
from notebooks.review.graph import everywhere, flow_graph, in_words
from notebooks.review.pictures import Picture, Table
from notebooks.review.played import Played, play_all, walkers
from service.conversation import Flow
from simulator.playback.coverage import ExitTaken, registries

__all__ = ("Review",)

MOST_NAMED: Final = 2
"""Of the conversations that walk one way."""


class Review:
    """Everything there is to see of today's flows. Conversations are played when they are first needed."""

    def __init__(self) -> None:
        self._asking, self._by_forms = registries()

    @cached_property
    def played(self) -> Mapping[str, Played]:
        """All stored conversations."""
        return play_all()

    @cached_property
    def walked(self) -> Mapping[ExitTaken, list[str]]:
        """Every way through the flows, with the conversations that walk it."""
        return walkers(self.played)

    def everywhere(self) -> Table:
        """What holds for every step."""
        return everywhere(self._asking)

    def graph(self, name: str, *, forms: bool = False) -> Picture:
        """The flow's graph; as it is where the bot asks by WhatsApp forms, if that is wanted."""
        return flow_graph(self._by_forms if forms else self._asking, name)

    def happy(self, name: str, *, forms: bool = False) -> Picture:
        """What the flow is for, from its beginning to its end; by forms, if that is wanted."""
        return strip(happy_paths(self._flow(name, forms=forms), self._by(forms=forms)), whole=True)

    def refusals(self, name: str, *, forms: bool = False) -> Picture:
        """Every way off the happy path; of those that conversations by forms walk, if that is wanted."""
        registry = self._by_forms if forms else self._asking
        return strip(refusals(registry, self._flow(name, forms=forms), self._by(forms=forms)))

    def late(self, name: str) -> Picture:
        """Leaving in the middle, and coming back too late."""
        return strip(left_or_late(self._flow(name), self.played))

    def exits(self, name: str) -> Table:
        """The flow's exits, and for each how many conversations walk it and one of them."""
        rows: list[tuple[object, ...]] = []
        for way, by in self.walked.items():
            if way.flow == name:
                said = in_words(way.exit) if way.exit else "(is shown)"
                nearest = sorted(by, key=lambda each: (not each.startswith(f"{name}/"), each))
                shown = ", ".join(nearest[:MOST_NAMED]) or "nobody"
                rows.append((way.step.replace("_", " "), said, self._led_to(way), len(by), shown))
        return Table(("step", "exit", "leads to", "walked by", f"conversations ({MOST_NAMED} at most)"), rows)

    def summary(self) -> Table:
        """How many ways each flow has, and how many are walked."""
        rows = []
        for flow in self._asking.flows:
            ways = {way: by for way, by in self.walked.items() if way.flow == flow.name}
            walkers_ = {each for by in ways.values() for each in by}
            missing = ", ".join(str(way) for way, by in ways.items() if not by) or "none"
            rows.append((flow.name, flow.title, len(ways), len(walkers_), missing))
        total = f"{len(self.walked)} ways in {len(rows)} flows, walked by {len(self.played)} conversations"
        return Table(("flow", "what it is", "ways", "conversations", "walked by nobody"), rows, total)

    def _flow(self, name: str, *, forms: bool = False) -> Flow:
        flow = (self._by_forms if forms else self._asking).flow(name)
        if flow is None:
            raise KeyError(f"there is no flow {name!r}")
        return flow

    def _by(self, *, forms: bool) -> Mapping[str, Played]:
        """The conversations in which the bot asks by forms, or all others."""
        return {name: each for name, each in self.played.items() if name.startswith("forms/") == forms}

    def _led_to(self, way: ExitTaken) -> str:
        if not way.exit:
            return ""
        source = f"{way.flow}.{way.step}"
        led = (
            to
            for registry in (self._asking, self._by_forms)
            for at, name, to in registry.edges()
            if (at, name) == (source, way.exit)
        )
        return next(led, "") or "the end"
