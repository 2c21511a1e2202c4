"""The sections of the notebook about one flow: graph, phones, exits and their conversations."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Final

from notebooks.review.cases import cancelled_or_expired, happy_paths, refusals, strip
from notebooks.review.graph import everywhere, flow_graph, in_words
from notebooks.review.pictures import Picture, Table
from notebooks.review.playbacks import Playback, conversations_by_exit, play_all
from service.conversation import Flow
from simulator.playback.coverage import ExitTaken, registries

__all__ = ("Review",)

MOST_NAMED: Final = 2
"""The number of conversations named for one exit."""


class Review:
    """The flows of the working tree. Conversations are played when they are first needed."""

    def __init__(self) -> None:
        self._asking, self._by_forms = registries()

    @cached_property
    def playbacks(self) -> Mapping[str, Playback]:
        """All stored conversations, played."""
        return play_all()

    @cached_property
    def exits_taken(self) -> Mapping[ExitTaken, list[str]]:
        """Every exit of every flow, with the conversations that take it."""
        return conversations_by_exit(self.playbacks)

    def everywhere(self) -> Table:
        """The rules that hold at every step."""
        return everywhere(self._asking)

    def graph(self, name: str, *, forms: bool = False) -> Picture:
        """The graph of a flow; with `forms`, as it is if the bot asks by WhatsApp forms."""
        return flow_graph(self._by_forms if forms else self._asking, name)

    def happy(self, name: str, *, forms: bool = False) -> Picture:
        """The happy paths of a flow; with `forms`, those by WhatsApp forms."""
        return strip(happy_paths(self._flow(name, forms=forms), self._by(forms=forms)), whole=True)

    def refusals(self, name: str, *, forms: bool = False) -> Picture:
        """The exits off the happy path; with `forms`, in conversations by WhatsApp forms."""
        registry = self._by_forms if forms else self._asking
        return strip(refusals(registry, self._flow(name, forms=forms), self._by(forms=forms)))

    def late(self, name: str) -> Picture:
        """Cancellation and expiry."""
        return strip(cancelled_or_expired(self._flow(name), self.playbacks))

    def exits(self, name: str) -> Table:
        """The exits of a flow, with the number and the names of conversations that take them."""
        rows: list[tuple[object, ...]] = []
        for taken, by in self.exits_taken.items():
            if taken.flow == name:
                said = in_words(taken.exit) if taken.exit else "(is shown)"
                nearest = sorted(by, key=lambda each: (not each.startswith(f"{name}/"), each))
                shown = ", ".join(nearest[:MOST_NAMED]) or "nobody"
                rows.append((taken.step.replace("_", " "), said, self._led_to(taken), len(by), shown))
        return Table(("step", "exit", "leads to", "walked by", f"conversations ({MOST_NAMED} at most)"), rows)

    def summary(self) -> Table:
        """The number of exits of each flow, and how many of them are taken."""
        rows = []
        for flow in self._asking.flows:
            ways = {taken: by for taken, by in self.exits_taken.items() if taken.flow == flow.name}
            walkers_ = {each for by in ways.values() for each in by}
            missing = ", ".join(str(taken) for taken, by in ways.items() if not by) or "none"
            rows.append((flow.name, flow.title, len(ways), len(walkers_), missing))
        total = f"{len(self.exits_taken)} ways in {len(rows)} flows, walked by {len(self.playbacks)} conversations"
        return Table(("flow", "what it is", "ways", "conversations", "walked by nobody"), rows, total)

    def _flow(self, name: str, *, forms: bool = False) -> Flow:
        flow = (self._by_forms if forms else self._asking).flow(name)
        if flow is None:
            raise KeyError(f"there is no flow {name!r}")
        return flow

    def _by(self, *, forms: bool) -> Mapping[str, Playback]:
        """The conversations by WhatsApp forms, or all others."""
        return {name: each for name, each in self.playbacks.items() if name.startswith("forms/") == forms}

    def _led_to(self, taken: ExitTaken) -> str:
        if not taken.exit:
            return ""
        source = f"{taken.flow}.{taken.step}"
        led = (
            to
            for registry in (self._asking, self._by_forms)
            for at, name, to in registry.edges()
            if (at, name) == (source, taken.exit)
        )
        return next(led, "") or "the end"
