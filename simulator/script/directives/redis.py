"""What happens to the two Redis instances."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import yaml

from simulator.errors import did_you_mean
from simulator.script.directives.directive import Directive, Scope, Step
from simulator.script.failpoints import read_script
from simulator.script.yaml_writer import YamlEntry

__all__ = (
    "STAGE",
    "BackUpState",
    "BreakConnection",
    "FillState",
    "FlushCache",
    "LoseReply",
    "RestartState",
    "RestoreState",
    "SwitchRedis",
)


@dataclass(frozen=True, slots=True)
class SwitchRedis(Step):
    """Redis instances go down or come back: None leaves one as it is."""

    cache_down: bool | None = None
    state_down: bool | None = None

    def entry(self) -> YamlEntry:
        """``redis: {cache: down}``."""
        both = {"cache": self.cache_down, "state": self.state_down}
        return "redis", {which: "down" if down else "up" for which, down in both.items() if down is not None}


@dataclass(frozen=True, slots=True)
class LoseReply(Step):
    """The state Redis runs the next call of a script, and its reply is lost."""

    script: str

    def entry(self) -> YamlEntry:
        """``redis: {loses: commit}``."""
        return "redis", {"loses": self.script}


def redis(scope: Scope, node: yaml.Node) -> SwitchRedis | LoseReply | None:
    """A Redis instance goes away or comes back, or the answer to the next run of a script is lost."""
    entries = scope.reading.mapping(node, "redis", known=("cache", "state", "both", "loses"))
    if "loses" in entries:
        script = read_script(scope.reading, entries["loses"], "loses")
        return None if script is None else LoseReply(script)
    down: dict[str, bool] = {}
    for which, value in entries.items():
        state = scope.reading.text(value, which)
        if state not in {"up", "down"}:
            scope.reading.problem(value, f"redis can be up or down, not {state!r}")
            return None
        down |= dict.fromkeys(("cache", "state") if which == "both" else (which,), state == "down")
    return SwitchRedis(down.get("cache"), down.get("state")) if down else None


@dataclass(frozen=True, slots=True)
class RestartState(Step):
    """The state Redis restarts with everything that it acknowledged."""

    def entry(self) -> YamlEntry:
        """``state redis: restarted``."""
        return "state redis", "restarted"


@dataclass(frozen=True, slots=True)
class BackUpState(Step):
    """The content of the state Redis is saved for `RestoreState`."""

    def entry(self) -> YamlEntry:
        """``state redis: backed up``."""
        return "state redis", "backed up"


@dataclass(frozen=True, slots=True)
class RestoreState(Step):
    """The state Redis comes back with the content that was last saved; later writes are lost."""

    def entry(self) -> YamlEntry:
        """``state redis: restored``."""
        return "state redis", "restored"


@dataclass(frozen=True, slots=True)
class FillState(Step):
    """The state Redis reaches its memory limit, or has room again."""

    full: bool = True

    def entry(self) -> YamlEntry:
        """``state redis: full``."""
        return "state redis", "full" if self.full else "has room"


@dataclass(frozen=True, slots=True)
class BreakConnection(Step):
    """The connection breaks before the next call of a script reaches the state Redis."""

    script: str

    def entry(self) -> YamlEntry:
        """``state redis: {drops: commit}``."""
        return "state redis", {"drops": self.script}


StateStep = RestartState | BackUpState | RestoreState | FillState | BreakConnection


def state_redis(scope: Scope, node: yaml.Node) -> StateStep | None:
    """The state Redis restarts, is full or has room, is backed up or restored, or a connection to it breaks."""
    if isinstance(node, yaml.MappingNode):
        entries = scope.reading.mapping(node, "the state Redis", known=("drops",), needed=("drops",))
        script = read_script(scope.reading, entries["drops"], "drops") if "drops" in entries else None
        return None if script is None else BreakConnection(script)
    text = scope.reading.text(node, "what becomes of the state Redis")
    known: dict[str, StateStep] = {
        "restarted": RestartState(),
        "backed up": BackUpState(),
        "restored": RestoreState(),
        "full": FillState(),
        "has room": FillState(full=False),
    }
    if text is not None and text not in known:
        hint = f"{did_you_mean(text, list(known), 'words')} Or: {{drops: commit}}."
        scope.reading.problem(node, f"nothing that can become of the state Redis: {text!r}", hint)
        return None
    return None if text is None else known[text]


@dataclass(frozen=True, slots=True)
class FlushCache(Step):
    """The cache Redis loses all keys."""

    def entry(self) -> YamlEntry:
        """``cache redis: flushed``."""
        return "cache redis", "flushed"


def cache_redis(scope: Scope, node: yaml.Node) -> FlushCache | None:
    """The cache Redis loses all that it holds."""
    text = scope.reading.text(node, "what becomes of the cache Redis")
    if text is not None and text != "flushed":
        scope.reading.problem(node, f"nothing that can become of the cache Redis: {text!r}", "Only: flushed.")
        return None
    return None if text is None else FlushCache()


STAGE: Final = (
    Directive("redis", "redis: {cache: down}", redis),
    Directive("state redis", "state redis: restarted", state_redis),
    Directive("cache redis", "cache redis: flushed", cache_redis),
)
