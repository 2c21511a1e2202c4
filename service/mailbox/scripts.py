"""Loads the Lua scripts and runs each exactly once a call.

A script that Redis does not know (NOSCRIPT) did not run, so it is sent in full: the only repeat here. After any other
failure, a lost reply above all, the caller has to repeat, because only the caller knows which step it was.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha1
from importlib.resources import files
from typing import Any, Protocol

from redis.asyncio import Redis
from redis.exceptions import NoScriptError, RedisError

from service.mailbox.errors import translate_redis_errors

NAMES = (
    "ingest",
    "claim",
    "commit",
    "release",
    "dead_letter",
    "store_pending_writes",
    "post_progress",
    "post",
    "claim_outbox",
    "ack",
    "confirm_delivery",
    "redrive",
)
# Messages in one pipeline. A POST of Meta holds at most 1,000, which take four, so that no reply grows large.
_CHUNK = 250

Argument = bytes | str | int


@dataclass(frozen=True, slots=True)
class ScriptCall:
    keys: Sequence[bytes]
    args: Sequence[Argument]


class Runner(Protocol):
    """Runs the mailbox's scripts."""

    async def run(self, name: str, call: ScriptCall) -> Any: ...

    async def run_each(self, name: str, calls: Sequence[ScriptCall]) -> list[Any]: ...


@cache
def sources() -> Mapping[str, str]:
    """The scripts as they are sent to Redis: the shebang, then the shared helpers, then the script."""
    folder = files("service.mailbox") / "lua"
    shared = (folder / "_queue.lua").read_text("utf-8")
    return {name: _assemble((folder / f"{name}.lua").read_text("utf-8"), shared) for name in NAMES}


def _assemble(script: str, shared: str) -> str:
    if not script.startswith("#!"):
        return f"{shared}\n{script}"
    shebang, body = script.split("\n", 1)
    return f"{shebang}\n{shared}\n{body}"


class Scripts:
    """Runs the mailbox's scripts on one Redis."""

    def __init__(self, redis: Redis, texts: Mapping[str, str] | None = None) -> None:
        """Takes the client and, in place of the project's own, the scripts by name."""
        self._redis = redis
        chosen = sources() if texts is None else texts
        self._scripts = {
            name: (sha1(text.encode()).hexdigest(), text)  # noqa: S324 - Redis names scripts by it
            for name, text in chosen.items()
        }

    async def run(self, name: str, call: ScriptCall) -> Any:
        """Runs one script and returns its reply.

        Raises:
            StateUnavailableError: No answer; the script may or may not have run.
            StateFullError: The script adds entries and Redis is full; it did not run.
        """
        digest, text = self._scripts[name]
        with translate_redis_errors():
            try:
                return await self._redis.evalsha(digest, len(call.keys), *call.keys, *call.args)
            except NoScriptError:
                return await self._redis.eval(text, len(call.keys), *call.keys, *call.args)

    async def run_each(self, name: str, calls: Sequence[ScriptCall]) -> list[Any]:
        """Runs one script for each call, in order, in few round trips; raises as `run` does.

        When it raises, some of the calls may have run.
        """
        if len(calls) == 1:
            return [await self.run(name, calls[0])]
        replies: list[Any] = []
        for start in range(0, len(calls), _CHUNK):
            replies += await self._run_chunk(name, calls[start : start + _CHUNK])
        return replies

    async def _run_chunk(self, name: str, calls: Sequence[ScriptCall]) -> list[Any]:
        digest, text = self._scripts[name]
        with translate_redis_errors():
            async with self._redis.pipeline(transaction=False) as pipeline:
                # Loaded in the same pipeline: if it were missing for the first calls only, their order would break.
                pipeline.script_load(text)
                for call in calls:
                    pipeline.evalsha(digest, len(call.keys), *call.keys, *call.args)
                replies = await pipeline.execute(raise_on_error=False)
            for reply in replies:
                if isinstance(reply, RedisError):
                    raise reply
        return replies[1:]
