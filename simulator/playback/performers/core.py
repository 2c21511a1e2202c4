"""Performs what Credex core does to the bot."""

from __future__ import annotations

import asyncio
from typing import Final

import httpx

from simulator.credex_core import Quirks
from simulator.playback.performers.performer import performer
from simulator.script.directives.core import BreakCore, NotifyMember, RepairCore, ReportEvent, SetQuirks
from simulator.world.connections import API_KEY, BOT_URL, WEBHOOK_SECRET
from simulator.world.faults import describe_core_fault
from simulator.world.fixtures import newest_offer_to
from simulator.world.stage import Stage

__all__ = ("PERFORMERS",)

CORE_TIMEOUT_S: Final = 10
"""How long core waits for the bot's answer."""


async def break_core(stage: Stage, step: BreakCore) -> None:
    stage.note(describe_core_fault(step.fault))
    stage.world.core_faults.add(step.fault)


async def repair_core(stage: Stage, _: RepairCore) -> None:
    stage.note("Credex core works again")
    stage.world.core_faults.clear()


async def set_quirks(stage: Stage, step: SetQuirks) -> None:
    stage.note(f"Credex core is odd: {', '.join(name.replace('_', ' ') for name in step.names) or 'no more'}")
    core = stage.world.core
    core.quirks = core.quirks.union(Quirks.named(step.names)) if step.names else Quirks()


async def notify_member(stage: Stage, step: NotifyMember) -> None:
    notice, world = step.notice, stage.world
    person = world.people[notice.to]
    stage.note(f"Credex core notifies {notice.to}: {notice.message}")
    offer = newest_offer_to(world.core, person) if notice.offer else ""
    request = notice.request(
        f"{BOT_URL}/bot/notify", API_KEY, phone=person.phone, name=person.name.split()[0], credex_id=offer
    )
    await _call_bot(stage, request)


async def report_event(stage: Stage, step: ReportEvent) -> None:
    event, world = step.event, stage.world
    person = world.people.get(event.to)
    stage.note(f"Credex core reports {event.kind} {event.webhook_id}: {event.status}")
    offer = newest_offer_to(world.core, person) if person and event.status == "pending" else ""
    request = event.request(
        f"{BOT_URL}/api/webhooks/",
        WEBHOOK_SECRET,
        phone=person.phone if person else "",
        name=person.name.split()[0] if person else "",
        credex_id=offer,
        now_ms=world.clock_ms(),
    )
    await _call_bot(stage, request)


async def _call_bot(stage: Stage, request: httpx.Request) -> None:
    try:
        async with asyncio.timeout(CORE_TIMEOUT_S):
            status = await stage.world.call_bot(request)
    except (httpx.TransportError, TimeoutError):
        # The bot does not run, was killed meanwhile, or cannot be reached. Core does not try again.
        stage.note("The bot does not answer")
        return
    if status != httpx.codes.OK:
        stage.note(f"The bot answers {status}")


PERFORMERS: Final = (
    performer(BreakCore, break_core),
    performer(RepairCore, repair_core),
    performer(SetQuirks, set_quirks),
    performer(NotifyMember, notify_member),
    performer(ReportEvent, report_event),
)
