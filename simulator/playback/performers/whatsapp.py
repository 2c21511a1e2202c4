"""Performs what WhatsApp and the network to it do, and describes fault rules as stage directions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from simulator.playback.performers.performer import performer
from simulator.script.directives.whatsapp import (
    AnnounceFromMeta,
    BreakGraph,
    BreakNetwork,
    BreakWhatsApp,
    ChangeDelivery,
    DelayWebhook,
    HoldWebhooks,
    ReleaseWebhooks,
    RepairGraph,
    RepairWhatsApp,
    RepeatWebhook,
)
from simulator.whatsapp_cloud import Rule
from simulator.world.faults import describe_graph_fault, describe_webhook_fault
from simulator.world.stage import Stage

__all__ = ("PERFORMERS",)

_TARGETS: Final[Mapping[str, str]] = {
    "messages": "what is sent",
    "typing": "typing and read receipts",
    "media": "files",
    "account": "questions about the account",
    "graph": "all requests",
    "webhooks": "webhooks",
    "statuses": "statuses",
}
_EFFECTS: Final[Mapping[str, str]] = {
    "answer": "answers {status} to {what}",
    "reset": "drops the connection on {what}",
    "hang": "does not answer {what}",
    "garble": "answers {what} with half of a JSON",
    "slow": "takes {seconds} s longer for {what}",
    "refuse": "refuses {what} with {code}",
    "fail": "takes {what}, then reports the failure {code}",
    "duplicate": "delivers {what} {copies} times each",
    "delay": "delivers {what} {seconds} s later",
    "drop": "loses {what}",
    "unsign": "delivers {what} without a signature",
    "missign": "delivers {what} with a wrong signature",
    "tamper": "delivers {what} changed on the way",
    "misaddress": "delivers {what} of another number",
    "strip": "leaves {without} out of {what}",
    "extend": "adds unknown keys to {what}",
}


# -- the Graph API and the Cloud API --------------------------------------------------------------------------------


async def break_graph(stage: Stage, step: BreakGraph) -> None:
    fault, world = step.fault, stage.world
    stage.note(describe_graph_fault(fault))
    if fault.wire is not None:
        world.graph_faults.add(fault.wire)
    elif fault.code is not None:
        world.cloud.fail_next(fault.code, times=fault.times, to=world.people[fault.to].phone if fault.to else None)


async def repair_graph(stage: Stage, _: RepairGraph) -> None:
    stage.note("WhatsApp works again")
    stage.world.graph_faults.clear()


async def break_whatsapp(stage: Stage, step: BreakWhatsApp) -> None:
    stage.note(_describe(step.rule, step.who))
    phone = stage.world.handsets[step.who].phone if step.who else ""
    stage.world.cloud.rules.add(msgspec.structs.replace(step.rule, to=phone))


async def repair_whatsapp(stage: Stage, _: RepairWhatsApp) -> None:
    stage.note("WhatsApp works as usual again")
    stage.world.cloud.rules.clear()


def _describe(rule: Rule, who: str) -> str:
    of = "to" if rule.on in {"messages", "typing", "graph"} else "of"
    what = _TARGETS[rule.on] + (f" ({rule.kind})" if rule.kind else "") + (f" {of} {who}" if who else "")
    effect = _EFFECTS[rule.do].format(
        what=what,
        status=rule.status,
        code=rule.code,
        copies=rule.copies,
        seconds=f"{rule.ms / 1000:g}",
        without=", ".join(rule.without),
    )
    taken = "takes what is sent, but " if rule.taken else ""
    often = {None: ", from now on", 1: ""}.get(rule.times, f", {rule.times} times")
    every = f", one time in {rule.every}" if rule.every > 1 else ""
    chance = f", in {rule.percent} of 100 cases" if rule.percent < 100 else ""  # noqa: PLR2004
    return f"WhatsApp {taken}{effect}{every}{chance}{often}"


# -- webhooks -------------------------------------------------------------------------------------------------------


async def change_delivery(stage: Stage, step: ChangeDelivery) -> None:
    changes = ", ".join(f"{key.removesuffix('_ms').replace('_', ' ')}: {_shown(value)}" for key, value in step.changes)
    stage.note(f"WhatsApp delivers otherwise ({changes})")
    stage.world.cloud.change(**dict(step.changes))


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value / 1000:g} s" if isinstance(value, int) else str(value)


async def delay_webhook(stage: Stage, step: DelayWebhook) -> None:
    often = "" if step.times == 1 else f" {step.times} times{' at once' if step.at_once else ''}"
    late = f" {step.late_ms / 1000:g} s late" if step.late_ms else ""
    stage.note(f"The next webhook is delivered{often}{late}")
    stage.world.cloud.next_delivery(delay_ms=step.late_ms, times=step.times, at_once=step.at_once)


async def repeat_webhook(stage: Stage, step: RepeatWebhook) -> None:
    stage.note(f"The next webhook is delivered {step.times} times")
    stage.world.cloud.next_delivery(times=step.times)


async def hold_webhooks(stage: Stage, _: HoldWebhooks) -> None:
    stage.note("Webhooks are held up in the network")
    stage.world.cloud.hold()


async def release_webhooks(stage: Stage, _: ReleaseWebhooks) -> None:
    stage.note("The webhooks that were held up arrive")
    stage.world.cloud.release()


async def break_network(stage: Stage, step: BreakNetwork) -> None:
    stage.note(describe_webhook_fault(step.fault))
    stage.world.webhook_faults.add(step.fault)


async def announce_from_meta(stage: Stage, step: AnnounceFromMeta) -> None:
    stage.note(f"Meta announces {step.field}")
    stage.world.cloud.announce(step.field)


PERFORMERS: Final = (
    performer(BreakGraph, break_graph),
    performer(RepairGraph, repair_graph),
    performer(BreakWhatsApp, break_whatsapp),
    performer(RepairWhatsApp, repair_whatsapp),
    performer(ChangeDelivery, change_delivery),
    performer(DelayWebhook, delay_webhook),
    performer(RepeatWebhook, repeat_webhook),
    performer(HoldWebhooks, hold_webhooks),
    performer(ReleaseWebhooks, release_webhooks),
    performer(BreakNetwork, break_network),
    performer(AnnounceFromMeta, announce_from_meta),
)
