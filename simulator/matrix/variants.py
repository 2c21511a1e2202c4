"""In how many ways the world can be odd without the bot being at fault: the rows of the matrix."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import httpx

from simulator.credex_core import FORMAT_QUIRKS, QUIRK_NAMES, Quirks
from simulator.matrix.tolerances import DIVERGENCES, TOLERANCES, Divergence, Tolerance
from simulator.world.network import Effect, Fault
from simulator.world.proxy import Proxy, Route
from simulator.world.world import WEBHOOK_MS, World

__all__ = ("CORE", "VARIANTS", "WIRES", "Variant")

SOON_MS: Final = 300
NEXT_TURN_MS: Final = 6_000
MUCH_LATER_MS: Final = 600_000
LATE_ANSWER_MS: Final = 500
BACKWARDS_MS: Final = {"sent": 3_000, "delivered": 2_000}
"""By so much each status is held up that WhatsApp's order (after 200, 600 and 1,500 ms) is turned around."""

FAULTS: Final = frozenset({"core", "redis", "bot", "graph", "hold", "release", "whatsapp"})


@dataclass(frozen=True, slots=True)
class Variant:
    """One way in which all conversations are played.

    All of it can be handed to another process, hence no functions within functions.

    Attributes:
        bend: makes the world odd before it starts.
        differences: what may be otherwise than usual; all else must be the same.
        apart: single conversations that go another way, and what must be seen then.
        reordered: the same words in any order are the same.
        promises: too odd to be compared; only the promises are looked at that hold whatever happens.
        oddity: it is one oddity of Credex core, and makes no difference where that could not show.
        tells: what happens in core is what usually does, so that it tells where an oddity could show.
    """

    name: str
    about: str
    bend: Callable[[World], None]
    tolerances: tuple[Tolerance, ...] = ()
    divergences: Mapping[str, Divergence] = field(default_factory=dict)
    reordered: bool = False
    promises: bool = False
    single_quirk: bool = False
    finds_relevance: bool = False


# -- what webhooks may do ---------------------------------------------------------------------------------------------


def _webhooks(way: Route, world: World) -> None:
    world.webhooks.route = way


async def _again(after_ms: tuple[int, ...], proxy: Proxy, request: httpx.Request) -> httpx.Response:
    try:
        return await proxy.forward(request)
    finally:
        if _is_webhook(request):
            for each in after_ms:
                proxy.later(request, each)


async def _at_once(proxy: Proxy, request: httpx.Request) -> httpx.Response:
    if not _is_webhook(request):
        return await proxy.forward(request)
    first, *_ = await asyncio.gather(*(proxy.forward(request) for _ in range(3)))
    return first


def _is_webhook(request: httpx.Request) -> bool:
    """Whether WhatsApp sends it, and not Credex core, whose reports have rules of their own."""
    return request.method == "POST" and request.url.path.rstrip("/") == "/bot/webhook"


async def _delayed(
    delays_ms: Mapping[str, int], otherwise_ms: int, proxy: Proxy, request: httpx.Request
) -> httpx.Response:
    statuses = _statuses_in(request)
    if not statuses:
        return await proxy.forward(request)
    proxy.later(request, delays_ms.get(statuses[0], otherwise_ms))
    await asyncio.sleep(WEBHOOK_MS / 1000)
    return httpx.Response(200, request=request)


def _statuses_in(request: httpx.Request) -> list[str]:
    if b'"statuses"' not in request.content:
        return []
    value = json.loads(request.content)["entry"][0]["changes"][0]["value"]
    return [status["status"] for status in value["statuses"]]


def _answered_late(world: World) -> None:
    world.graph_faults.usual = Fault(Effect.SLOW, "messages", after=True, times=None, slow_ms=LATE_ANSWER_MS)


WIRES: Final = (
    Variant(
        "webhooks-twice",
        "each webhook comes again a moment later",
        partial(_webhooks, partial(_again, (SOON_MS,))),
        divergences=DIVERGENCES["webhooks-twice"],
    ),
    Variant(
        "webhooks-at-once",
        "each webhook comes three times in the same moment",
        partial(_webhooks, _at_once),
        divergences=DIVERGENCES["webhooks-at-once"],
    ),
    Variant(
        "webhooks-late",
        "each webhook comes again during the next turn, and after 10 minutes",
        partial(_webhooks, partial(_again, (NEXT_TURN_MS, MUCH_LATER_MS))),
        divergences=DIVERGENCES["webhooks-late"],
    ),
    Variant(
        "statuses-backwards",
        "'read' comes before 'delivered', 'delivered' before 'sent'",
        partial(_webhooks, partial(_delayed, BACKWARDS_MS, 0)),
    ),
    Variant(
        "statuses-late",
        "each status comes after 10 minutes",
        partial(_webhooks, partial(_delayed, {}, MUCH_LATER_MS)),
        divergences=DIVERGENCES["statuses-late"],
    ),
    Variant(
        "statuses-early",
        "'sent' comes before the answer to the message that it is about",
        _answered_late,
        divergences=DIVERGENCES["statuses-early"],
        tolerances=(
            Tolerance("each answer of WhatsApp takes half a second longer", r"(day [0-9]+, )?\+[0-9:]+"),
            Tolerance("so that something may come before a pause that came after it", r"-- 1 minute passes --"),
        ),
    ),
)


# -- what core may do -------------------------------------------------------------------------------------------------


def _make_odd(quirks: Quirks, world: World) -> None:
    world.core.quirks = quirks


CORE: Final = (
    Variant(
        "all-of-form",
        "all oddities of form of Credex core at once",
        partial(_make_odd, Quirks.format_only()),
        finds_relevance=True,
    ),
    Variant(
        "everything", "all oddities of Credex core at once", partial(_make_odd, Quirks.everything()), promises=True
    ),
    *(
        Variant(
            way,
            "an oddity of form" if way in FORMAT_QUIRKS else "an oddity that members may notice",
            partial(_make_odd, Quirks.named([way])),
            tolerances=TOLERANCES.get(way, ()),
            divergences=DIVERGENCES.get(way, {}),
            reordered=way == "lists_reversed",
            single_quirk=True,
        )
        for way in QUIRK_NAMES
    ),
)

VARIANTS: Final = {each.name: each for each in (*WIRES, *CORE)}
"""All of them, by name."""
