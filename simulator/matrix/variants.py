"""The variants of a world: deliveries and answers of core that differ without being a fault of the bot."""

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
from simulator.world.faults import Effect, Fault
from simulator.world.proxy import Proxy, Route
from simulator.world.world import WEBHOOK_MS, World

__all__ = ("CORE", "VARIANTS", "WIRES", "Variant")

SOON_MS: Final = 300
NEXT_TURN_MS: Final = 6_000
MUCH_LATER_MS: Final = 600_000
LATE_ANSWER_MS: Final = 500
BACKWARDS_MS: Final = {"sent": 3_000, "delivered": 2_000}
"""Delays that reverse WhatsApp's order of statuses (after 200, 600 and 1,500 ms)."""

FAULTS: Final = frozenset({"core", "redis", "bot", "graph", "hold", "release", "whatsapp"})


@dataclass(frozen=True, slots=True)
class Variant:
    """A variant world in which all conversations are played. It can be pickled, hence no nested functions.

    Attributes:
        apply: changes the world before it starts.
        tolerances: what may differ; everything else must be the same.
        divergences: conversations that take another course, and what must be seen there.
        reordered: the order of words may differ.
        invariants_only: transcripts are not compared; only invariants that hold in every world are checked.
        single_quirk: it is one quirk of Credex core, played only where that could have an effect.
        finds_relevance: core's calls are the usual ones, so they show which quirks are relevant.
    """

    name: str
    about: str
    apply: Callable[[World], None]
    tolerances: tuple[Tolerance, ...] = ()
    divergences: Mapping[str, Divergence] = field(default_factory=dict)
    reordered: bool = False
    invariants_only: bool = False
    single_quirk: bool = False
    finds_relevance: bool = False


# -- deliveries -------------------------------------------------------------------------------------------------------


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
    """Whether WhatsApp sends the request, and not Credex core."""
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
        "each webhook is delivered again a moment later",
        partial(_webhooks, partial(_again, (SOON_MS,))),
        divergences=DIVERGENCES["webhooks-twice"],
    ),
    Variant(
        "webhooks-at-once",
        "each webhook is delivered three times at once",
        partial(_webhooks, _at_once),
        divergences=DIVERGENCES["webhooks-at-once"],
    ),
    Variant(
        "webhooks-late",
        "each webhook is delivered again during the next turn, and after 10 minutes",
        partial(_webhooks, partial(_again, (NEXT_TURN_MS, MUCH_LATER_MS))),
        divergences=DIVERGENCES["webhooks-late"],
    ),
    Variant(
        "statuses-backwards",
        "'read' arrives before 'delivered', 'delivered' before 'sent'",
        partial(_webhooks, partial(_delayed, BACKWARDS_MS, 0)),
    ),
    Variant(
        "statuses-late",
        "each status arrives after 10 minutes",
        partial(_webhooks, partial(_delayed, {}, MUCH_LATER_MS)),
        divergences=DIVERGENCES["statuses-late"],
    ),
    Variant(
        "statuses-early",
        "'sent' arrives before the answer to the request that sent the message",
        _answered_late,
        divergences=DIVERGENCES["statuses-early"],
        tolerances=(
            Tolerance("each answer of WhatsApp takes 0.5 s longer", r"(day [0-9]+, )?\+[0-9:]+"),
            Tolerance("an answer may move across a pause", r"-- 1 minute passes --"),
        ),
    ),
)


# -- Credex core ------------------------------------------------------------------------------------------------------


def _set_quirks(quirks: Quirks, world: World) -> None:
    world.core.quirks = quirks


CORE: Final = (
    Variant(
        "all-of-form",
        "all format quirks of Credex core at once",
        partial(_set_quirks, Quirks.format_only()),
        finds_relevance=True,
    ),
    Variant(
        "everything",
        "all quirks of Credex core at once",
        partial(_set_quirks, Quirks.everything()),
        invariants_only=True,
    ),
    *(
        Variant(
            name,
            "a quirk of format" if name in FORMAT_QUIRKS else "a quirk that members may notice",
            partial(_set_quirks, Quirks.named([name])),
            tolerances=TOLERANCES.get(name, ()),
            divergences=DIVERGENCES.get(name, {}),
            reordered=name == "lists_reversed",
            single_quirk=True,
        )
        for name in QUIRK_NAMES
    ),
)

VARIANTS: Final = {each.name: each for each in (*WIRES, *CORE)}
"""All variants, by name."""
