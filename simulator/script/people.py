"""What Credex core knows of somebody at the start of a conversation, as its file says it under ``member``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import yaml

from service.domain import Denomination, Handle, HandleRefused, Money
from simulator.errors import did_you_mean
from simulator.script.yaml_reader import FlawError, YamlReader, read_amount

__all__ = ("Deal", "MemberSpec", "OtherAccount", "Permission", "read_member")

_MEMBER_KEYS = (
    "tier",
    "balances",
    "handle",
    "denomination",
    "accounts",
    "authorises",
    "notices",
    "owes",
    "offers",
    "history",
)
_ACCOUNT_KEYS = ("name", "handle", "denomination", "balances")
_TIERS = range(1, 6)
_MOST_TIMES: Final = 100
_DEAL = re.compile(
    r"(?:(?P<times>\d+) times )?(?P<amount>[0-9.,]+ [A-Za-z]{3}) (?P<way>to|from) (?P<other>.+?)"
    r"(?: due in (?P<days>\d+) days)?"
)


@dataclass(frozen=True, slots=True)
class Deal:
    """So much to or from somebody (by their name in the file), so many times; due in so many days if unsecured."""

    amount: Money
    other: str
    outgoing: bool = True
    times: int = 1
    due_days: int | None = None


@dataclass(frozen=True, slots=True)
class OtherAccount:
    """A business account."""

    name: str
    handle: str
    denomination: Denomination = Denomination.USD
    balances: tuple[Money, ...] = ()


@dataclass(frozen=True, slots=True)
class Permission:
    """Somebody, and the account that it is about: by its handle, or the personal one."""

    other: str
    handle: str | None = None


@dataclass(frozen=True, slots=True)
class MemberSpec:
    """What Credex core knows of somebody at the start.

    Attributes:
        accounts: what they own besides the personal account.
        authorises: who may act for an account of theirs.
        notices: who is told of new offers to an account of theirs, if it is not they themselves.
        owes: accepted unsecured credexes.
        offers: pending credexes.
        history: credexes of the past that have been redeemed: one a day, the last of them yesterday.
    """

    tier: int = 1
    balances: tuple[Money, ...] = ()
    handle: str | None = None
    denomination: Denomination = Denomination.USD
    accounts: tuple[OtherAccount, ...] = ()
    authorises: tuple[Permission, ...] = ()
    notices: tuple[Permission, ...] = ()
    owes: tuple[Deal, ...] = ()
    offers: tuple[Deal, ...] = ()
    history: tuple[Deal, ...] = ()

    def others(self) -> Iterator[str]:
        """The names of all who have to be members, too."""
        yield from (deal.other for deal in (*self.owes, *self.offers, *self.history))
        yield from (permission.other for permission in (*self.authorises, *self.notices))


def read_member(reading: YamlReader, key: str, node: yaml.Node) -> MemberSpec:
    """Read a membership: ``true``, or what it consists of."""
    if isinstance(node, yaml.ScalarNode) and node.value in {"true", "yes"}:
        return MemberSpec()
    fields = reading.mapping(node, f"{key}'s membership", known=_MEMBER_KEYS)
    accounts = reading.items(fields["accounts"], "accounts") if "accounts" in fields else []
    return MemberSpec(
        tier=(reading.value(fields["tier"], _read_tier, "tier") if "tier" in fields else None) or 1,
        balances=_balances(reading, fields),
        handle=reading.value(fields["handle"], _read_handle, "a handle") if "handle" in fields else None,
        denomination=_denomination(reading, fields),
        accounts=tuple(read for each in accounts if (read := _account(reading, each)) is not None),
        authorises=_permissions(reading, fields, "authorises"),
        notices=_permissions(reading, fields, "notices"),
        owes=_deals(reading, fields, "owes"),
        offers=_deals(reading, fields, "offers"),
        history=_deals(reading, fields, "history"),
    )


def _account(reading: YamlReader, node: yaml.Node) -> OtherAccount | None:
    fields = reading.mapping(node, "an account", known=_ACCOUNT_KEYS, needed=("name", "handle"))
    name = reading.text(fields["name"], "an account's name") if "name" in fields else None
    handle = reading.value(fields["handle"], _read_handle, "a handle") if "handle" in fields else None
    balances, denomination = _balances(reading, fields), _denomination(reading, fields)
    return OtherAccount(name, handle, denomination, balances) if name and handle else None


def _balances(reading: YamlReader, fields: dict[str, yaml.Node]) -> tuple[Money, ...]:
    listed = reading.items(fields["balances"], "balances") if "balances" in fields else []
    return tuple(money for each in listed if (money := reading.value(each, read_amount, "a balance")))


def _denomination(reading: YamlReader, fields: dict[str, yaml.Node]) -> Denomination:
    if "denomination" not in fields:
        return Denomination.USD
    return reading.value(fields["denomination"], _read_denomination, "a denomination") or Denomination.USD


def _deals(reading: YamlReader, fields: dict[str, yaml.Node], key: str) -> tuple[Deal, ...]:
    listed = reading.items(fields[key], key) if key in fields else []
    reads = {"owes": _read_debt, "offers": _read_offer, "history": _read_past}
    return tuple(deal for each in listed if (deal := reading.value(each, reads[key], key)))


def _permissions(reading: YamlReader, fields: dict[str, yaml.Node], key: str) -> tuple[Permission, ...]:
    listed = reading.items(fields[key], key) if key in fields else []
    return tuple(one for each in listed if (one := reading.value(each, _read_permission, key)))


def _read_tier(text: str) -> int:
    if not text.isdecimal() or int(text) not in _TIERS:
        raise FlawError(f"no tier: {text!r}", "There are tiers 1 to 5.")
    return int(text)


def _read_handle(text: str) -> str:
    try:
        return Handle.typed(text).text
    except HandleRefused as refused:
        raise FlawError(f"not a handle: {text!r}", str(refused)) from None


def _read_denomination(text: str) -> Denomination:
    try:
        return Denomination(text)
    except ValueError:
        raise FlawError(f"no denomination: {text!r}", did_you_mean(text, list(Denomination), "denominations")) from None


def _read_permission(text: str) -> Permission:
    other, _, handle = text.partition(" for ")
    return Permission(other.strip(), _read_handle(handle) if handle else None)


def _read_debt(text: str) -> Deal:
    deal = _read_deal(text, "a debt", "5 USD to Farai")
    if not deal.outgoing or deal.times != 1:
        raise FlawError(f"not a debt: {text!r}", "For example: 5 USD to Farai.")
    return deal


def _read_offer(text: str) -> Deal:
    deal = _read_deal(text, "an offer", "5 USD to Farai; 12 times 1 USD to Farai; 5 USD to Farai due in 14 days")
    if not deal.outgoing:
        raise FlawError(f"not an offer of theirs: {text!r}", "Say it under the other one's name, with 'to'.")
    return deal


def _read_past(text: str) -> Deal:
    deal = _read_deal(text, "a credex of the past", "5 USD to Farai; 20 times 1 USD from Farai")
    if deal.due_days is not None:
        raise FlawError(f"it has been redeemed, so it is not due any more: {text!r}")
    return deal


def _read_deal(text: str, what: str, example: str) -> Deal:
    match = _DEAL.fullmatch(text.strip())
    if match is None or not 1 <= int(match["times"] or 1) <= _MOST_TIMES:
        raise FlawError(f"not {what}: {text!r}", f"For example: {example}.")
    return Deal(
        read_amount(match["amount"]),
        match["other"],
        match["way"] == "to",
        int(match["times"] or 1),
        int(match["days"]) if match["days"] else None,
    )
