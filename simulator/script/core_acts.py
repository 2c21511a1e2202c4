"""Acts in Credex core as conversations write them: ``offers 5 USD to farai_shop``."""

from __future__ import annotations

import re
from collections.abc import Callable
from types import MappingProxyType
from typing import Final, assert_never, cast

from simulator.units import read_amount, write_amount
from simulator.world.core_acts import (
    Act,
    AnswerOffer,
    AnswerVerb,
    JoinCore,
    LeaveCore,
    LoseAccounts,
    MakeOffer,
    PermissionVerb,
    ReachTier,
    SetPermission,
)

__all__ = ("EXAMPLES", "read_act", "write_act")

EXAMPLES: Final = (
    "For example: offers 5 USD to farai_shop; offers 5 USD to Tariro due in 14 days; "
    "accepts the newest offer from Tariro; declines the oldest offer from Tariro; cancels the newest offer to Farai; "
    "authorises Tariro; authorises Tariro for farai_shop; unauthorises Tariro; "
    "sends notices to Tariro; has tier 3; has no account; joins; is no member any more."
)

_OFFERS: Final = re.compile(
    r"offers (?P<amount>[0-9.,]+ [A-Za-z]{3}) to (?P<other>.+?)(?: due in (?P<days>[0-9]{1,3}) days)?"
)
_ANSWERS: Final = re.compile(
    r"(?P<verb>accepts|declines|cancels) the (?P<age>newest|oldest) offer (?:from|to) (?P<other>.+)"
)
_PERMITS: Final = re.compile(
    r"(?P<verb>authorises|unauthorises|sends notices to) (?P<other>.+?)(?: for (?P<handle>[a-z0-9_]+))?"
)
_TIER: Final = re.compile(r"has tier (?P<tier>[1-5])")
_PLAIN: Final = MappingProxyType[str, LoseAccounts | JoinCore | LeaveCore](
    {"has no account": LoseAccounts(), "joins": JoinCore(), "is no member any more": LeaveCore()}
)
"""The acts without details, by their text."""


def read_act(text: str, person: Callable[[str], str]) -> Act | None:
    """Read an act; None for text that names none.

    Args:
        text: what follows ``in core:``.
        person: returns the key of a person who takes part, and raises `FlawError` for other names.

    Raises:
        FlawError: an amount or a person cannot be read.
    """
    if match := _OFFERS.fullmatch(text):
        amount, days = read_amount(match["amount"]), match["days"]
        return MakeOffer(amount, match["other"], None if days is None else int(days))
    if match := _ANSWERS.fullmatch(text):
        return AnswerOffer(cast("AnswerVerb", match["verb"]), person(match["other"]), newest=match["age"] == "newest")
    if match := _PERMITS.fullmatch(text):
        return SetPermission(cast("PermissionVerb", match["verb"]), person(match["other"]), match["handle"])
    if match := _TIER.fullmatch(text):
        return ReachTier(int(match["tier"]))
    return _PLAIN.get(text)


def write_act(act: Act) -> str:
    """The text that `read_act` reads."""
    match act:
        case MakeOffer(amount, to, due_days):
            return f"offers {write_amount(amount)} to {to}" + ("" if due_days is None else f" due in {due_days} days")
        case AnswerOffer(verb, other, newest):
            way = "to" if verb == "cancels" else "from"
            return f"{verb} the {'newest' if newest else 'oldest'} offer {way} {other}"
        case SetPermission(verb, other, handle):
            return f"{verb} {other}" + (f" for {handle}" if handle else "")
        case ReachTier(tier):
            return f"has tier {tier}"
        case LoseAccounts() | JoinCore() | LeaveCore():
            return next(text for text, plain in _PLAIN.items() if plain == act)
        case _:
            assert_never(act)
