"""Builds bots with a defect: the service with one part replaced."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from hashlib import sha1
from typing import Any, Final

from redis.asyncio import Redis

from service.app import Service
from service.mailbox import Mailbox
from service.mailbox.scripts import Runner, ScriptCall, Scripts, sources
from service.runtime.inbox_worker import Worker
from service.runtime.outbox_sender import Sender
from service.writes.reconciler import Reconciler
from simulator.world.connections import Connections, run_service
from simulator.world.process import Bot

__all__ = (
    "ChangedScripts",
    "RunBot",
    "changed",
    "with_mailbox",
    "with_money",
    "with_scripts",
    "with_sender",
    "with_service",
    "with_worker",
)

RunBot = Callable[[Connections], Bot]
"""Starts a bot with its connections."""


def _service(wires: Connections) -> Service:
    service = run_service(wires)
    assert isinstance(service, Service)
    return service


def with_service(kind: type[Service]) -> RunBot:
    """Replace the service itself."""

    def run_bot(wires: Connections) -> Bot:
        whole = _service(wires)
        return kind(whole._settings, dependencies=whole._dependencies)

    return run_bot


def with_money(kind: type[Reconciler]) -> RunBot:
    """Replace the reconciler."""

    def run_bot(wires: Connections) -> Bot:
        service = _service(wires)
        service._worker._reconciler = kind(service._worker._reconciler._core, wires.clock_ms)
        return service

    return run_bot


def with_worker(kind: type[Worker]) -> RunBot:
    """Replace the worker."""

    def run_bot(wires: Connections) -> Bot:
        service = _service(wires)
        old = service._worker
        service._worker = kind(
            old._mailbox,
            old._core,
            old._reconciler,
            old._registry,
            clock_ms=wires.clock_ms,
            typing_indicator=old._progress._typing_indicator,
            outbox_woken=old._outbox_woken,
        )
        return service

    return run_bot


def with_sender(kind: type[Sender]) -> RunBot:
    """Replace the sender."""

    def run_bot(wires: Connections) -> Bot:
        service = _service(wires)
        old = service._sender
        service._sender = kind(old._outbox, old._graph, limiter=old._limiter, clock_ms=wires.clock_ms, poll_ms=None)
        return service

    return run_bot


def with_mailbox(change: Callable[[type[Mailbox]], type[Mailbox]]) -> RunBot:
    """Replace the mailbox; ``change`` derives a class from the release's own."""

    def run_bot(wires: Connections) -> Bot:
        whole = _service(wires)
        kind = change(type(whole._mailbox))
        return Service(whole._settings, dependencies=replace(whole._dependencies, mailbox=kind))

    return run_bot


def changed(*changes: tuple[str, str]) -> Mapping[str, str]:
    """The scripts with replacements; each change is an old and a new text.

    Raises:
        ValueError: no script contains an old text, so that nothing would be changed.
    """
    texts: Mapping[str, str] = sources()
    for old, new in changes:
        after = {name: text.replace(old, new) for name, text in texts.items()}
        if after == texts:
            raise ValueError(f"no script contains {old!r}")
        texts = after
    return texts


def with_scripts(*changes: tuple[str, str]) -> RunBot:
    """Replace the scripts; see `changed`."""
    texts = changed(*changes)

    def run_bot(wires: Connections) -> Bot:
        whole = _service(wires)
        kind = type(whole._mailbox)
        return Service(
            whole._settings,
            dependencies=replace(
                whole._dependencies, mailbox=lambda redis: kind(redis, scripts=ChangedScripts(redis, texts))
            ),
        )

    return run_bot


class ChangedScripts:
    """Runs changed scripts under the digests of the original ones, so that faults still match them."""

    def __init__(self, redis: Redis, texts: Mapping[str, str]) -> None:
        self._scripts: Runner = Scripts(redis, texts)

    async def run(self, name: str, call: ScriptCall) -> Any:
        """Run one script."""
        return await self._scripts.run(name, _marked(name, call))

    async def run_each(self, name: str, calls: Sequence[ScriptCall]) -> list[Any]:
        """Run one script for each call."""
        return await self._scripts.run_each(name, [_marked(name, call) for call in calls])


def _marked(name: str, call: ScriptCall) -> ScriptCall:
    # A script reads its keys by index, so a further one changes nothing.
    return ScriptCall([*call.keys, _DIGESTS[name]], call.args)


_DIGESTS: Final = {
    name: sha1(text.encode()).hexdigest().encode()  # noqa: S324 - Redis names scripts by it
    for name, text in sources().items()
}
