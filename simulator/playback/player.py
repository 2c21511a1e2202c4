"""Plays a conversation in a world of its own, in virtual time, and brings back the transcript."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

import httpx

from service.settings import EMBEDDED
from simulator.credex_core import Quirks
from simulator.errors import LineError, Problem, did_you_mean
from simulator.script.conversation import Conversation
from simulator.script.core_acts import Act
from simulator.script.directives import Line, Play
from simulator.script.faults import GraphFault, describe_core
from simulator.script.notices import Event, Notice
from simulator.script.yaml_reader import HARARE, FlawError, show_duration
from simulator.whatsapp_cloud import Bubble, NotFilledInError
from simulator.whatsapp_cloud.transcript.bubbles import screen
from simulator.whatsapp_cloud.transcript.model import Kind, Screen, Transcript
from simulator.whatsapp_cloud.virtual_time import Clock, run
from simulator.world.fixtures import newest_offer_to
from simulator.world.network import Fault
from simulator.world.process import Bot
from simulator.world.redis_database import exclusive
from simulator.world.world import (
    API_KEY,
    BOT_URL,
    START_UP_MS,
    WEBHOOK_SECRET,
    AnyClock,
    Connections,
    World,
    run_service,
)

__all__ = ("TYPING_MS", "Stage", "StepPlayer", "play_lines", "replay", "world_of")

CORE_WAITS_S: Final = 10
TYPING_MS: Final = 4_000
"""What a person takes to read and answer."""


def replay(
    conversation: Conversation,
    *,
    seed: int = 1,
    redis_url: str = EMBEDDED,
    flush: bool = False,
    run_bot: Callable[[Connections], Bot] = run_service,
    bend: Callable[[World], None] = lambda _: None,
) -> Transcript:
    """Play a conversation from its beginning to its end, in a world and an event loop of its own.

    Args:
        conversation: what to play.
        seed: of all that is left to chance.
        redis_url: a real Redis with an empty database, or ``embedded://``.
        flush: empty that database first.
        run_bot: starts the bot; the service by default.
        bend: makes something in the world otherwise than usual, before it starts.

    Raises:
        NotConserved: in the end, Credex core's books do not balance.
        LineError: a line could not be played.
        UnsettledError: the world would not come to rest.
        DatabaseInUseError: the database is not empty.
    """

    async def main(clock: Clock) -> Transcript:
        world = world_of(conversation, clock, seed=seed, redis_url=redis_url, run_bot=run_bot)
        bend(world)
        await world.start(at_ms=conversation.starts_ms)
        try:
            await play_lines(world, conversation)
            world.core.check_conserved()
        finally:
            await world.stop()
        return Transcript(
            title=conversation.title,
            about=conversation.about,
            start_ms=conversation.starts_ms,
            members=tuple(person.key for person in conversation.people),
            moments=world.recorder.since(0),
            zone=HARARE,
        )

    with exclusive(redis_url, flush=flush):
        return run(main, start_ms=conversation.starts_ms - START_UP_MS)


def world_of(
    conversation: Conversation,
    clock: AnyClock,
    *,
    seed: int = 1,
    redis_url: str = EMBEDDED,
    run_bot: Callable[[Connections], Bot] = run_service,
    trace: Callable[[str, bytes], None] | None = None,
) -> World:
    """The world at the beginning of a conversation; its own seed, if it has one, wins. ``trace`` is as in `World`."""
    return World(
        clock,
        conversation.people,
        seed=seed if conversation.seed is None else conversation.seed,
        redis_url=redis_url,
        run_bot=run_bot,
        forms=conversation.forms,
        processes=conversation.processes,
        trace=trace,
    )


async def _nothing() -> None:
    """What happens after a line when nobody looks."""


async def play_lines(
    world: World, conversation: Conversation, *, after: Callable[[], Awaitable[None]] = _nothing
) -> None:
    """Play all lines, letting the world settle between them, and do something after each.

    Raises:
        LineError: a line could not be played.
        UnsettledError: the world would not come to rest.
    """
    player = StepPlayer(world, conversation.file)
    for line, following in zip(conversation.lines, (*conversation.lines[1:], None), strict=True):
        await player.play(line, hurried=following is not None and following.hurries)
        await after()


class StepPlayer:
    """Plays lines one after the other, at the pace of people."""

    def __init__(self, world: World, file: str) -> None:
        """Take a world, and the name of the file for messages."""
        self.stage = Stage(world)
        self._world = world
        self._file = file
        self._begun = False
        self._in_hurry = False

    async def play(self, line: Line, *, hurried: bool = False) -> None:
        """Play a line and let the world settle; not if the next one comes in a hurry.

        Raises:
            LineError: it could not be played.
            UnsettledError: the world would not come to rest.
        """
        if line.paced and self._begun and not self._in_hurry:
            await self._world.pass_time(TYPING_MS)
        self._begun = self._begun or line.paced
        try:
            await line.play(self.stage)
        except FlawError as flaw:
            raise LineError(Problem(self._file, line.number, _said(line, flaw), flaw.hint)) from None
        self._in_hurry = line.hurries
        if not hurried and not line.hurries:
            await self._world.settle()


def _said(line: Line, flaw: FlawError) -> str:
    return f"{line.key}: {line.value} — {flaw.what}" if isinstance(line.value, str) else flaw.what


class Stage:
    """What lines act upon: the world, by the names of a conversation."""

    def __init__(self, world: World) -> None:
        self.world = world

    def note(self, text: str) -> None:
        """Write a stage direction into the transcript."""
        self.world.recorder.record(self.world.clock_ms(), "", Kind.STAGE, text=text)

    # -- people -------------------------------------------------------------------------------------------------

    async def type(self, who: str, text: str) -> None:
        """Somebody types a text."""
        self.world.handsets[who].type(text)

    async def tap(self, who: str, title: str, *, older: bool = False) -> None:
        """Somebody taps a button or a row by its title.

        Raises:
            Flaw: it is not on their screen.
        """
        shown = self.screens(who)
        found = [bubble for bubble, each in reversed(shown) if any(choice.title == title for choice in each.choices)]
        if older and len(found) == 1:
            raise FlawError(f"only the newest message of {who} shows {title!r}, no older one", _on_screen(shown))
        if not found:
            raise FlawError(f"{title!r} is not on {who}'s screen", _hint(title, shown))
        self.world.handsets[who].tap(found[1 if older else 0].wamid, title)

    async def send(self, who: str, kind: str) -> None:
        """Somebody sends something that is no text."""
        self.world.handsets[who].send(kind)

    async def fill(self, who: str, answers: Mapping[str, str], *, older: bool = False, **how: bool) -> None:
        """Somebody fills in a form and submits it; ``how`` is for `Handset.fill`.

        Raises:
            Flaw: their screen shows none, or it does not take these answers.
        """
        forms = [bubble for bubble, _ in reversed(self.screens(who)) if bubble.kind == "flow"]
        if len(forms) <= older:
            raise FlawError(f"{who}'s screen shows no {'older ' if older else ''}form", _on_screen(self.screens(who)))
        try:
            self.world.handsets[who].fill(forms[1 if older else 0].wamid, answers, **how)
        except NotFilledInError as refused:
            raise FlawError(str(refused), "`fills in unchecked` goes past the form's rules.") from None

    async def show_number(self, who: str, *, shown: bool) -> None:
        """Somebody shows or hides their number."""
        self.note(f"{who} {'shows the phone number' if shown else 'hides the phone number'} on WhatsApp")
        self.world.handsets[who].hides_number = not shown

    async def change_number(self, who: str, phone: str) -> None:
        """Somebody moves to another number."""
        handset = self.world.handsets[who]
        self.note(f"{who} changes to another phone number")
        self.world.transcript_recorder.moved(handset.phone, phone)
        handset.change_number(phone)

    async def react(self, who: str, emoji: str) -> None:
        """Somebody reacts to the newest message.

        Raises:
            Flaw: there is none.
        """
        shown = self.screens(who)
        if not shown:
            raise FlawError(f"{who}'s screen shows nothing to react to")
        self.world.handsets[who].react(shown[-1][0].wamid, emoji)

    def screens(self, who: str) -> list[tuple[Bubble, Screen]]:
        """The messages that somebody's phone shows, oldest first."""
        bubbles = [bubble for bubble in self.world.handsets[who].bubbles if bubble.shown_ms is not None]
        return [(bubble, shown) for bubble in bubbles if (shown := screen(bubble)) is not None]

    async def together(self, plays: Sequence[Play]) -> None:
        """Several messages in one POST."""
        with self.world.cloud.batch():
            for play in plays:
                await play(self)

    async def at_once(self, plays: Sequence[Play]) -> None:
        """Several messages in the same moment."""
        for play in plays:
            await play(self)

    # -- the network --------------------------------------------------------------------------------------------

    async def again(self, times: int) -> None:
        """The next message's webhook comes several times."""
        self.note(f"The next webhook is delivered {times} times")
        self.world.cloud.next_delivery(times=times)

    async def hold(self) -> None:
        """Webhooks stay in the network."""
        self.note("Webhooks are held up in the network")
        self.world.cloud.hold()

    async def release(self) -> None:
        """Webhooks that were held arrive."""
        self.note("The webhooks that were held up arrive")
        self.world.cloud.release()

    async def core_fails(self, fault: Fault) -> None:
        """Credex core is to fail."""
        self.note(describe_core(fault))
        self.world.core_faults.add(fault)

    async def core_works(self) -> None:
        """Credex core works again."""
        self.note("Credex core works again")
        self.world.core_faults.clear()

    async def core_is_odd(self, ways: Sequence[str]) -> None:
        """Credex core has more of its oddities; with none named, it has none any more."""
        self.note(f"Credex core is odd: {', '.join(way.replace('_', ' ') for way in ways) or 'no more'}")
        core = self.world.core
        core.quirks = core.quirks.union(Quirks.named(ways)) if ways else Quirks()

    async def notify(self, notice: Notice) -> None:
        """Credex core asks the bot to tell somebody something."""
        world, person = self.world, self.world.people[notice.to]
        self.note(f"Credex core notifies {notice.to}: {notice.message}")
        offer = newest_offer_to(world.core, person) if notice.offer else ""
        request = notice.request(
            f"{BOT_URL}/bot/notify", API_KEY, phone=person.phone, name=person.name.split()[0], credex_id=offer
        )
        await self._core_asks(request)

    async def report(self, event: Event) -> None:
        """Credex core reports an event to the bot."""
        world, person = self.world, self.world.people.get(event.to)
        self.note(f"Credex core reports {event.kind} {event.webhook_id}: {event.status}")
        offer = newest_offer_to(world.core, person) if person and event.status == "pending" else ""
        request = event.request(
            f"{BOT_URL}/api/webhooks/",
            WEBHOOK_SECRET,
            phone=person.phone if person else "",
            name=person.name.split()[0] if person else "",
            credex_id=offer,
            now_ms=world.clock_ms(),
        )
        await self._core_asks(request)

    async def _core_asks(self, request: httpx.Request) -> None:
        try:
            async with asyncio.timeout(CORE_WAITS_S):
                status = await self.world.call_bot(request)
        except (httpx.TransportError, TimeoutError):
            # The bot is away, was killed meanwhile, or the way to it is broken: core asks once.
            self.note("The bot does not answer")
            return
        if status != httpx.codes.OK:
            self.note(f"The bot answers {status}")

    async def graph_fails(self, fault: GraphFault) -> None:
        """WhatsApp is to refuse, or to lose its answers."""
        self.note(fault.said)
        if fault.wire is not None:
            self.world.graph_faults.add(fault.wire)
        elif fault.code is not None:
            to = self.world.people[fault.to].phone if fault.to else None
            self.world.cloud.fail_next(fault.code, times=fault.times, to=to)

    async def graph_works(self) -> None:
        """WhatsApp works again."""
        self.note("WhatsApp works again")
        self.world.graph_faults.clear()

    async def redis_down(self, wanted: Mapping[str, bool]) -> None:
        """Redis instances go down or come up."""
        for which, down in wanted.items():
            self.note(f"The {which} Redis {'goes away' if down else 'is back'}")
            switch = self.world.cache_switch if which == "cache" else self.world.state_switch
            switch.down = down

    async def redis_loses(self, script: str) -> None:
        """The state Redis runs a script, and its answer never arrives."""
        self.note(f"The state Redis does the next {script}, but its answer is lost")
        self.world.drop_points.arm(f"after {script}")

    # -- the bot ------------------------------------------------------------------------------------------------

    async def kill(self) -> None:
        """The bot is killed now."""
        self.note("The bot is killed")
        for process in self.world.processes:
            process.kill()

    async def kill_at(self, point: str) -> None:
        """The bot is to be killed when it comes to a point."""
        self.note(f"The bot is to be killed {point}")
        self.world.kill_points.arm(point)

    async def freeze_at(self, point: str) -> None:
        """The bot's worker is to freeze when it comes to a script of the mailbox."""
        self.note(f"The worker is to freeze {point}")
        self.world.freeze_points.arm(point)

    async def stop(self) -> None:
        """The bot stops in an orderly way."""
        self.note("The bot stops")
        for process in self.world.processes:
            await process.stop()

    async def restart(self) -> None:
        """The bot starts again."""
        self.note("The bot starts again")
        for process in self.world.processes:
            await process.start()

    # -- core and time ------------------------------------------------------------------------------------------

    async def act_in_core(self, who: str, act: Act) -> None:
        """Somebody does something in core, past the bot."""
        self.note(act(self.world.core, self.world.people, who))

    async def wait(self, duration_ms: int) -> None:
        """Time passes."""
        said = show_duration(duration_ms)
        single = said.startswith("1 ") and " and " not in said
        self.note(f"{said} {'passes' if single else 'pass'}")
        await self.world.pass_time(duration_ms)


def _hint(title: str, shown: Sequence[tuple[Bubble, Screen]]) -> str:
    opened = next((each for _, each in reversed(shown) if each.opener == title), None)
    if opened is not None:
        rows = ", ".join(choice.title for choice in opened.choices)
        return f"{title!r} only opens the list; tap one of its rows: {rows}"
    titles = list(dict.fromkeys(choice.title for _, each in reversed(shown) for choice in each.choices))
    return f"{did_you_mean(title, titles, 'titles')}\n{_on_screen(shown)}"


def _on_screen(shown: Sequence[tuple[Bubble, Screen]]) -> str:
    if not shown:
        return "The screen is empty."
    newest = shown[-1][1]
    choices = "".join(f"\n  [ {choice.title} ]" for choice in newest.choices)
    return f"The newest message reads: {newest.body}{choices}"
