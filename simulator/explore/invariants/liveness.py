"""Invariants of liveness: no work is stuck, records are bounded, errors are expected ones, everybody is answered."""

from __future__ import annotations

from collections.abc import Iterator

from simulator.explore.invariants.claims import is_given_up
from simulator.explore.invariants.invariant import Finding, Observation

__all__ = ("Bounded", "Continues", "Drains", "GoesOn", "Unfailing")


class Bounded:
    """Compares every key in Redis with the table of the design."""

    name = "bounded"
    sentence = "A member's records stay within the table: keys, types, sizes and lifetimes."

    def findings(self, observation: Observation) -> Iterator[Finding]:
        """Find keys that are unknown, too large, of another type, or that live too long."""
        for what in observation.redis.rule_violations(observation.keys):
            yield Finding("", what)


class Drains:
    """Looks for work that is not due at all, and at the end for any work."""

    name = "drains"
    sentence = "All work is scheduled; at the end none is left, and each message given up was reported."

    def findings(self, observation: Observation) -> Iterator[Finding]:
        """Find work that is stuck."""
        for what in observation.redis.orphaned_work(observation.keys):
            yield Finding("", what)
        if not observation.over:
            return
        for kind in ("inbox", "outbox", "intent"):
            for entry in observation.keys.by_kind[kind].values():
                yield Finding(observation.history.who(entry.name.rsplit(":", 1)[-1]), f"{entry.name} is still there")
        reported = sum(is_given_up(one.body) for sent in observation.history.outgoing.values() for one in sent)
        if observation.keys.dead_letters > reported and not observation.given_up:
            yield Finding("", f"{observation.keys.dead_letters} messages were given up, and {reported} reported")


class GoesOn:
    """Holds whenever invariants are checked: a world that does not settle is reported by `InvariantChecker.stuck`."""

    name = "goes on"
    sentence = "The world settles after each step, and at the end."

    def findings(self, observation: Observation) -> Iterator[Finding]:  # noqa: ARG002 - the protocol's signature
        """Find nothing; see `InvariantChecker.stuck`."""
        return iter(())


class Continues:
    """Checks that everybody gets the menu at the end."""

    name = "continues"
    sentence = "After all faults, everybody gets an answer to their next message."

    def __init__(self) -> None:
        self.asked: dict[str, int] = {}
        """By who asked for the menu, the number of messages that they had received before."""

    def findings(self, observation: Observation) -> Iterator[Finding]:
        """Find people without an answer."""
        if not observation.over:
            return
        for who, before in self.asked.items():
            answers = [
                outgoing for outgoing in observation.history.outgoing[who][before:] if outgoing.titles or outgoing.body
            ]
            if not answers:
                yield Finding(who, "asked for the menu at the end, and got no answer")


class Unfailing:
    """Looks for unexpected exceptions in the log, and for unexpected statuses of webhooks."""

    name = "unfailing"
    sentence = "The bot raises no unexpected exception and answers webhooks with expected statuses."

    def __init__(self) -> None:
        self._errors = 0
        self._webhooks = 0

    def findings(self, observation: Observation) -> Iterator[Finding]:
        """Find exceptions and unexpected statuses."""
        for error in observation.errors[self._errors :]:
            yield Finding("", error)
        self._errors = len(observation.errors)
        for attempt in observation.history.broken_webhooks[self._webhooks :]:
            yield Finding("", f"a webhook was answered with {attempt.status}")
        self._webhooks = len(observation.history.broken_webhooks)
