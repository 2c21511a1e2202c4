"""A worker on a real mailbox in an embedded Redis, with a few flows of one line and a core written by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import msgspec
from redis.asyncio import Redis
from structlog.testing import capture_logs

from service.conversation import (
    CoreCall,
    Exit,
    Flow,
    FlowRegistry,
    Question,
    Step,
    SystemTexts,
    TurnContext,
    Vocabulary,
)
from service.credex.errors import CredexError, NotSentError
from service.credex.values import Written
from service.domain import Dashboard, InboundMessage, TextMessage
from service.domain.commands import Call, Known, Login, NotFound, Outcome, Read, Unavailable, Write
from service.mailbox import Idle, InboxEntry, InboxLease, Mailbox, StateUnavailableError, open_state
from service.mailbox.scripts import ScriptCall, Scripts
from service.messages import Message, Outgoing, Text
from service.runtime.inbox_worker import Finished, Worker
from service.writes.reconciler import Reconciler
from simulator.whatsapp_cloud.virtual_time import Clock, run
from simulator.world.redis_client import virtual_time_client
from tests.unit.reconciler_desk import ACCEPT, CANCEL, FIVE, JOIN, START_MS, TARIRO, MoneyCore, offer, usd

T = TypeVar("T")

SYSTEM_TEXTS: Final = SystemTexts("?", "?", "old", "late", "cannot read {kind}", "again", "help")
VOCABULARY: Final = Vocabulary(
    frozenset({"hi"}), frozenset({"menu"}), frozenset({"help"}), frozenset({"yes"}), frozenset({"no"})
)
SIX: Final = msgspec.structs.replace(FIVE, amount=usd("6"))
WRITES: Final[dict[str, Write]] = {
    "five": FIVE,
    "six": SIX,
    "despite": msgspec.structs.replace(FIVE, allow_duplicate=True),
    "accept": ACCEPT,
    "cancel it": CANCEL,
    "join": JOIN,
}


def _name(outcome: Outcome | None) -> str:
    made = " made" if getattr(outcome, "made", False) else ""
    return f"{type(outcome).__name__.lower()}{made}"


def _said(outcome: Outcome, context: TurnContext[Any]) -> Exit:
    return Exit("ok", messages=[Text(f"{context.session.step}: {_name(outcome)}")])


def _found(call: Call, outcome: Outcome, _: TurnContext[Any]) -> Sequence[Message]:
    word = next(word for word, write in WRITES.items() if write == call)
    return [Text(f"found {word}: {_name(outcome)}")]


def _broken(_: TurnContext[Any]) -> Sequence[Message]:
    raise RuntimeError("this screen cannot be made")


def _call(name: str, call: Call, then: str = "rest", on_reconciled: Any = None) -> CoreCall:
    return CoreCall(name.replace(" ", "_"), lambda _: call, {"ok": then}, _said, on_reconciled=on_reconciled)


def _registry() -> FlowRegistry:
    writes = [_call(word, write, on_reconciled=_found) for word, write in WRITES.items()]
    steps: tuple[Step, ...] = (
        Question("home", "text", lambda _: [Text("home")], interruptible=True),
        Question("rest", "text", lambda _: [Text("rest")], interruptible=True),
        Question("broken", "text", _broken, interruptible=True),
        _call("read", Login(fresh=True)),
        _call("twice", Login(fresh=True), then="read"),
        _call("before", Login(fresh=True), then="five"),
        *writes,
    )
    words = [step.name for step in steps]
    return FlowRegistry(
        flows=(
            Flow(
                "bench",
                "A bench",
                steps,
                routes={word: word for word in words},
                keywords={word.replace("_", " "): word for word in words},
            ),
        ),
        home="bench.home",
        vocabulary=VOCABULARY,
        texts=SYSTEM_TEXTS,
    )


class Losing(Scripts):
    """Loses the replies of scripts that are named: they have run, and nobody is told."""

    def __init__(self, redis: Redis) -> None:
        super().__init__(redis)
        self.lost: list[str] = []
        self.pause_s: float = 0

    async def run(self, name: str, call: ScriptCall) -> Any:
        reply = await super().run(name, call)
        if name in self.lost:
            self.lost.remove(name)
            await asyncio.sleep(self.pause_s)
            raise StateUnavailableError(f"the reply of {name} was lost")
        return reply


@dataclass
class BenchCore(MoneyCore):
    """Reads by the worker may take their time, or never come back."""

    login_takes_s: float = 0
    down_until_ms: int = 0

    async def dashboard(self, member: str) -> Dashboard:
        if self.clock.now_ms() < self.down_until_ms:
            raise NotSentError("Credex core cannot be reached")
        return await super().dashboard(member)

    def written(self) -> Written:
        """The success answer to an offer."""
        return Written("c-new", None)

    async def read(self, member: str, call: Read) -> Outcome:
        assert (member, call) == (TARIRO, Login(fresh=True))
        await asyncio.sleep(self.login_takes_s)
        try:
            return Known(await self.dashboard(member)) if self.known else NotFound()
        except CredexError:
            return Unavailable()


@dataclass
class Phone:
    """Where a typing indicator shows."""

    clock: Clock
    typing_ms: list[int] = field(default_factory=list)
    takes_s: float = 0
    error: Exception | None = None

    async def mark_read(self, wamid: str, *, typing: bool) -> None:
        assert wamid.startswith("wamid.")
        assert typing
        self.typing_ms.append(self.clock.now_ms() - START_MS)
        await asyncio.sleep(self.takes_s)
        if self.error is not None:
            raise self.error


@dataclass
class Bench:
    """Everything around one member: Tariro, with one offer each way."""

    clock: Clock
    redis: Redis
    scripts: Losing
    mailbox: Mailbox
    core: BenchCore
    phone: Phone
    turns: list[Finished] = field(default_factory=list)
    said: int = 0

    @property
    def passed_ms(self) -> int:
        """How long it has been since the start."""
        return self.clock.now_ms() - START_MS

    def worker(self) -> Worker:
        """Another worker on the same mailbox."""
        return Worker(
            self.mailbox,
            self.core,
            Reconciler(self.core, self.clock.now_ms),
            _registry(),
            clock_ms=self.clock.now_ms,
            typing_indicator=self.phone,
            finished=self.turns.append,
        )

    async def says(self, *texts: str) -> None:
        """Tariro writes."""
        for text in texts:
            now_ms = self.clock.now_ms()
            self.said += 1
            inbound = InboundMessage(f"wamid.{self.said}", now_ms // 1000 * 1000, now_ms, TextMessage(text))
            await self.mailbox.ingest([InboxEntry(TARIRO, inbound.wamid, now_ms, msgspec.json.encode(inbound))], now_ms)

    async def until_idle(self, worker: Worker | None = None) -> None:
        """Let the worker do all that is due, now and later."""
        worker = worker or self.worker()
        while True:
            wait_ms = await worker.run_once()
            if wait_ms is None:
                return
            await asyncio.sleep(wait_ms / 1000)

    async def until_idle_after(self, seconds: float) -> None:
        """Let time pass first: until a lease has run out."""
        await asyncio.sleep(seconds)
        await self.until_idle()

    async def do(self, worker: Worker | None = None) -> None:
        """Let the worker do what is due now."""
        worker = worker or self.worker()
        while await worker.run_once() == 0:
            pass

    async def told(self) -> list[str]:
        """What waits in the outbox, oldest first."""
        entries: Any = await self.redis.lrange(f"{{0}}:outbox:{TARIRO}", 0, -1)
        texts = []
        for entry in entries:
            message = msgspec.json.decode(entry.split(b":", 1)[1], type=Outgoing).message
            texts.append(getattr(message, "body", ""))
        return texts

    async def claimed(self) -> InboxLease:
        """Claim as another worker would; there must be something due."""
        claim = await self.mailbox.claim(self.clock.now_ms())
        assert isinstance(claim, InboxLease), claim
        return claim

    async def next_due_ms(self) -> int | None:
        """How long until somebody is due; nobody may be due now."""
        idle = await self.mailbox.claim(self.clock.now_ms())
        assert isinstance(idle, Idle), idle
        return None if idle.next_due_ms is None else idle.next_due_ms - self.clock.now_ms()

    async def intent(self) -> bytes | None:
        """What is written down."""
        return await self.kept("intent")

    async def session(self) -> bytes | None:
        """Where Tariro stands."""
        return await self.kept("session")

    async def kept(self, what: str) -> bytes | None:
        """A record of Tariro's."""
        raw = await self.redis.get(f"{{0}}:{what}:{TARIRO}")
        assert raw is None or isinstance(raw, bytes)
        return raw


def on_bench(play: Callable[[Bench], Awaitable[T]]) -> T:
    """Play in virtual time."""

    async def main(clock: Clock) -> T:
        redis = open_state("embedded://")
        redis.connection_pool = virtual_time_client(redis).connection_pool
        core = BenchCore(clock)
        core.incoming.append(offer("c-in", usd("2")))
        core.outgoing.append(offer("c-out", usd("2")))
        scripts = Losing(redis)
        bench = Bench(clock, redis, scripts, Mailbox(redis, scripts=scripts), core, Phone(clock))
        try:
            return await play(bench)
        finally:
            await redis.aclose()

    with capture_logs():  # drawing the tracebacks of failures that are meant takes longer than all the rest
        return run(main, start_ms=START_MS)
