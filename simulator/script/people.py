"""The people of a conversation, and what Credex core knows of them, as its file says it under ``people``."""

from __future__ import annotations

import re
from typing import Final

import yaml

from service.domain import Denomination, Handle, HandleRefused, Money
from simulator.errors import did_you_mean
from simulator.script.yaml_reader import YamlReader
from simulator.script.yaml_writer import YamlValue
from simulator.units import FlawError, read_amount, read_phone, show_phone, write_amount
from simulator.world.people import IDENTITIES, Deal, MemberSpec, OtherAccount, Permission, Person

__all__ = ("read_people", "read_switch", "write_person")

_PERSON_KEYS: Final = ("phone", "name", "member", "receipts", "online", "blocked", "identity")
_MEMBER_KEYS: Final = (
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
_ACCOUNT_KEYS: Final = ("name", "handle", "denomination", "balances")
_TIERS: Final = range(1, 6)
_MOST_TIMES: Final = 100
_DEAL: Final = re.compile(
    r"(?:(?P<times>\d+) times )?(?P<amount>[0-9.,]+ [A-Za-z]{3}) (?P<way>to|from) (?P<other>.+?)"
    r"(?: due in (?P<days>\d+) days)?"
)

_RESERVED: Final = frozenset(
    {"core", "graph", "redis", "bot", "wait", "together", "at", "again", "hold", "release", "odd"}
)


# -- people ---------------------------------------------------------------------------------------------------------


def read_people(reading: YamlReader, node: yaml.Node) -> tuple[Person, ...]:
    """Read the mapping under ``people``; what is wrong with it goes to the reader's problems."""
    people: list[Person] = []
    entries = reading.mapping(node, "people")
    for key, entry in entries.items():
        if key.split()[0].lower() in _RESERVED:
            reading.problem(entry, f"nobody can be called {key!r}: the word has a meaning of its own")
        person = _person(reading, key, entry)
        twin = next((each for each in people if each.phone == person.phone), None)
        if twin is not None:
            reading.problem(entry, f"{key} and {twin.key} have the same phone number")
        people.append(person)
    if not entries and not reading.problems:
        reading.problem(node, "nobody takes part")
    _check_others(reading, node, people)
    return tuple(people)


def _person(reading: YamlReader, key: str, node: yaml.Node) -> Person:
    fields = reading.mapping(node, key, known=_PERSON_KEYS, needed=("phone",))
    phone = reading.value(fields["phone"], read_phone, f"{key}'s phone") if "phone" in fields else None
    name = (reading.text(fields["name"], f"{key}'s name") if "name" in fields else None) or key
    if "member" in fields and len(name.split()) < 2:  # noqa: PLR2004 - first and last
        reading.problem(node, f"{key} is a member and needs a first and a last name", "For example: name: Farai Ncube")
    return Person(
        key=key,
        phone=phone or f"?{key}",
        name=name,
        member=_member(reading, key, fields["member"]) if "member" in fields else None,
        receipts=read_switch(reading, fields, "receipts", default=True),
        online=read_switch(reading, fields, "online", default=True),
        blocked=read_switch(reading, fields, "blocked", default=False),
        identity=(reading.value(fields["identity"], _read_identity, "identity") if "identity" in fields else None)
        or "number",
    )


def _read_identity(text: str) -> str:
    if text not in IDENTITIES:
        raise FlawError(f"no identity: {text!r}", did_you_mean(text, IDENTITIES, "identities"))
    return text


def _check_others(reading: YamlReader, node: yaml.Node, people: list[Person]) -> None:
    members = [person.key for person in people if person.member]
    for person in people:
        for other in person.member.others() if person.member else ():
            if other not in members or other == person.key:
                reading.problem(
                    node,
                    f"{person.key} can have nothing to do with {other!r} in Credex core",
                    did_you_mean(other, members, "members"),
                )


def read_switch(reading: YamlReader, fields: dict[str, yaml.Node], key: str, *, default: bool) -> bool:
    """Read a flag of a mapping: true, false, yes or no."""
    if key not in fields:
        return default
    return reading.value(fields[key], _read_flag, key) is True


def _read_flag(text: str) -> bool:
    if text not in {"true", "false", "yes", "no"}:
        raise FlawError(f"neither true nor false: {text!r}")
    return text in {"true", "yes"}


# -- memberships ----------------------------------------------------------------------------------------------------


def _member(reading: YamlReader, key: str, node: yaml.Node) -> MemberSpec:
    """Read a membership: ``true``, or a mapping."""
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


# -- writing --------------------------------------------------------------------------------------------------------


def write_person(person: Person) -> YamlValue:
    """The mapping that is read as this person."""
    written: dict[str, YamlValue] = {"phone": show_phone(person.phone)}
    if person.name != person.key:
        written["name"] = person.name
    written |= {"receipts": False} if not person.receipts else {}
    written |= {"online": False} if not person.online else {}
    written |= {"blocked": True} if person.blocked else {}
    written |= {"identity": person.identity} if person.identity != "number" else {}
    if person.member is not None:
        written["member"] = _written_member(person.member)
    return written


def _written_member(member: MemberSpec) -> YamlValue:
    written: dict[str, YamlValue] = {
        "tier": "" if member.tier == 1 else member.tier,
        "handle": member.handle or "",
        "denomination": _written_denomination(member.denomination),
        "balances": [write_amount(balance) for balance in member.balances],
        "accounts": [_written_account(account) for account in member.accounts],
        "authorises": [_written_permission(each) for each in member.authorises],
        "notices": [_written_permission(each) for each in member.notices],
        "owes": [_written_deal(deal) for deal in member.owes],
        "offers": [_written_deal(deal) for deal in member.offers],
        "history": [_written_deal(deal) for deal in member.history],
    }
    return {key: value for key, value in written.items() if value} or True


def _written_account(account: OtherAccount) -> YamlValue:
    written: dict[str, YamlValue] = {
        "name": account.name,
        "handle": account.handle,
        "denomination": _written_denomination(account.denomination),
        "balances": [write_amount(balance) for balance in account.balances],
    }
    return {key: value for key, value in written.items() if value}


def _written_denomination(denomination: Denomination) -> str:
    return "" if denomination is Denomination.USD else str(denomination)


def _written_permission(permission: Permission) -> str:
    return permission.other + (f" for {permission.handle}" if permission.handle else "")


def _written_deal(deal: Deal) -> str:
    times = "" if deal.times == 1 else f"{deal.times} times "
    due = "" if deal.due_days is None else f" due in {deal.due_days} days"
    return f"{times}{write_amount(deal.amount)} {'to' if deal.outgoing else 'from'} {deal.other}{due}"
