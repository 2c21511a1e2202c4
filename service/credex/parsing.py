"""Core's JSON to domain values: tolerant of every form that its generations are known to use.

A value that cannot be read without guessing is left out whole (an account, a balance in an unknown unit), never shown
wrong; if it is required, `Unreadable` is raised. An account whose pending offers cannot be read counts as not listed,
so that no offer seems absent.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from service.credex.response import CoreResponse, mapping, text, unwrapped
from service.credex.values import CredexKind, CredexState, LedgerEntry
from service.domain import Account, Dashboard, Denomination, Money, Offer, Person, Recipient, Unsecured

_AMOUNT = re.compile(r"-?[0-9][0-9,]*(?:\.[0-9]+)?\s+(?P<code>[A-Z]{3})")
_LONGEST_AMOUNT = 40
_MOST_DIGITS = 24


class Unreadable(ValueError):  # noqa: N818 - reads as what it says of a response
    """A required value is missing or has no known form."""


def dashboard(response: CoreResponse) -> Dashboard | None:
    """The dashboard in a response; None if core left it out or empty."""
    found = mapping(unwrapped(response.data.get("dashboard") or response.body.get("dashboard")))
    person = mapping(unwrapped(found.get("member")))
    accounts = found.get("accounts")
    if not found:
        older = response.data if "memberDashboard" in response.data else response.body
        person = mapping(unwrapped(older.get("memberDashboard")))
        accounts = older.get("accountDashboards")
    if not found and not person:
        return None
    # One generation keeps tier and limit beside the member, another inside.
    merged = {**{key: value for key, value in found.items() if key not in {"member", "accounts"}}, **person}
    default = _denomination(merged.get("defaultDenom")) or Denomination.USD
    return Dashboard(
        member_id=_required(merged.get("memberID") or response.details.get("memberID"), "memberID"),
        first_name=_name(merged.get("firstname")),
        last_name=_name(merged.get("lastname")),
        handle=text(merged.get("memberHandle")),
        tier=_whole(merged.get("memberTier")),
        default_denomination=default,
        remaining_today=_cents(merged.get("remainingAvailableUSD")),
        accounts=tuple(_accounts(accounts, default)),
    )


def recipient(response: CoreResponse, handle: str) -> Recipient:
    body = response.body
    older = mapping(unwrapped(body.get("accountData") or response.data.get("accountData")))
    found = response.details or older or response.data
    return Recipient(
        account_id=_required(found.get("accountID"), "accountID"),
        name=_required(_name(found.get("accountName")), "accountName"),
        handle=text(found.get("accountHandle")) or handle,
    )


def member(response: CoreResponse) -> Person:
    older = mapping(unwrapped(response.body.get("memberData") or response.data.get("memberData")))
    found = _person(response.details) or _person(mapping(response.details.get("memberData"))) or _person(older)
    if found is None:
        raise Unreadable("memberID is missing")
    return Person(found.member_id, _required(found.name, "memberName"))


def state(response: CoreResponse, credex_id: str) -> CredexState:
    """The state of one credex. A response about another credex is `Unreadable`."""
    found = _credex(response)
    if text(found.get("credexID")) not in {"", credex_id}:
        raise Unreadable("core answered about another credex than the one asked for")
    try:
        kind = CredexKind(text(found.get("transactionType")))
    except ValueError:
        raise Unreadable("core named no known state of the credex") from None
    debit = found.get("debit")
    return CredexState(
        credex_id=credex_id,
        kind=kind,
        outgoing=debit if isinstance(debit, bool) else None,
        counterparty=_name(found.get("counterpartyAccountName")),
        amount=_size(found.get("formattedInitialAmount")),
        outstanding=_size(found.get("formattedOutstandingAmount")),
        secured=bool(found.get("securerID")) or found.get("secured") is True,
        due=_day(found.get("dueDate")),
    )


def ledger(response: CoreResponse, *, page_size: int) -> tuple[list[LedgerEntry], bool]:
    """One page of an account's ledger, and whether there are more."""
    listed = response.details.get("ledger", response.body.get("ledger", response.data.get("ledger")))
    if listed is None:
        raise Unreadable("there is no ledger")
    rows = [mapping(row) for row in _list(listed)]
    more = mapping(mapping(response.data.get("dashboard")).get("pagination")).get("hasMore")
    return [entry for row in rows if (entry := _entry(row))], more if isinstance(more, bool) else len(rows) >= page_size


def created_id(response: CoreResponse) -> str | None:
    """The id of the credex just made, if core says it."""
    older = mapping(unwrapped(response.body.get("createCredexData") or response.data.get("createCredexData")))
    places = (
        response.action.get("id"),
        response.details.get("credexID"),
        mapping(older.get("credex")).get("credexID"),
    )
    return next((place for place in places if isinstance(place, str) and place), None)


def _credex(response: CoreResponse) -> Mapping[str, Any]:
    """The object that names the state, in the place that this generation uses."""
    details, data, body = response.details, response.data, response.body
    places = [details, data, body]
    places += [
        mapping(unwrapped(place.get(name))) for place in (details, data, body) for name in ("credexData", "credex")
    ]
    return next((place for place in places if "transactionType" in place), {})


def _entry(row: Mapping[str, Any]) -> LedgerEntry | None:
    """A line of the ledger; None if its denomination is not known."""
    shown = row.get("formattedAmount", row.get("formattedInitialAmount"))
    if shown is None:
        raise Unreadable("an amount is missing")
    amount = _money(shown)
    if amount is None:
        return None
    return LedgerEntry(
        amount=amount,
        counterparty=_name(row.get("counterpartyAccountName")),
        at_ms=_moment(row.get("timestamp")),
        credex_id=text(row.get("credexID")) or None,
    )


def _accounts(listed: object, default: Denomination) -> Iterator[Account]:
    """Each account once, though core repeats one for every credex it issued today."""
    seen: set[str] = set()
    entries = _list(listed)
    failed = 0
    for entry in entries:
        try:
            account = _account(mapping(unwrapped(entry)), default)
        except Unreadable:
            failed += 1
            continue
        if account.account_id not in seen:
            seen.add(account.account_id)
            yield account
    if entries and failed == len(entries):
        raise Unreadable("not one of the accounts can be read")


def _account(entry: Mapping[str, Any], default: Denomination) -> Account:
    denomination = _denomination(entry.get("defaultDenom")) or default
    figures = mapping(unwrapped(entry.get("balanceData")))
    return Account(
        account_id=_required(entry.get("accountID"), "accountID"),
        name=_name(entry.get("accountName")),
        handle=text(entry.get("accountHandle")),
        kind=text(entry.get("accountType")),
        default_denomination=denomination,
        owned=entry.get("isOwnedAccount") is not False,
        balances=tuple(
            money for shown in _list(figures.get("securedNetBalancesByDenom")) if (money := _money(shown)) is not None
        ),
        unsecured=_unsecured(mapping(unwrapped(figures.get("unsecuredBalancesInDefaultDenom"))), denomination),
        net_assets=_money(figures.get("netCredexAssetsInDefaultDenom")),
        incoming=tuple(_offers(entry.get("pendingInData"))),
        outgoing=tuple(_offers(entry.get("pendingOutData"))),
        authorised=tuple(
            person for listed in _list(entry.get("authFor")) if (person := _person(mapping(listed))) is not None
        ),
        send_offers_to=_send_offers_to(entry),
    )


def _offers(listed: object) -> Iterator[Offer]:
    for entry in _list(listed):
        offer = mapping(entry)
        amount = _size(offer.get("formattedInitialAmount"))
        if amount is None:
            # In an unknown unit: it cannot be shown, and the bot cannot have made it.
            continue
        yield Offer(
            credex_id=_required(offer.get("credexID"), "credexID"),
            amount=amount,
            counterparty=_name(offer.get("counterpartyAccountName")),
            secured=offer.get("secured") is True,
            due=_day(offer.get("dueDate")),
        )


def _unsecured(figures: Mapping[str, Any], denomination: Denomination) -> Unsecured | None:
    if not figures:
        return None
    zero = Money(Decimal(0), denomination)
    payables, receivables, net = (
        _money(figures.get(key)) for key in ("totalPayables", "totalReceivables", "netPayRec")
    )
    return Unsecured(payables=payables or zero, receivables=receivables or zero, net=net or zero)


def _send_offers_to(entry: Mapping[str, Any]) -> Person | None:
    return _person(mapping(unwrapped(entry.get("sendOffersTo")))) or _person(
        {
            "memberID": entry.get("sendOffersToMemberID"),
            "firstname": entry.get("sendOffersToFirstname"),
            "lastname": entry.get("sendOffersToLastname"),
        }
    )


def _person(entry: Mapping[str, Any]) -> Person | None:
    member_id = text(entry.get("memberID"))
    name = f"{_name(entry.get('firstname'))} {_name(entry.get('lastname'))}".strip() or _name(entry.get("memberName"))
    return Person(member_id, name) if member_id else None


def _list(value: object) -> list[Any]:
    """A list; also if core writes ``{}`` or null for an empty one, or wraps it."""
    inside = unwrapped(value)
    if isinstance(inside, list):
        return inside
    if inside is None or inside == {}:
        return []
    raise Unreadable("a list is in no known form")


def _money(shown: object) -> Money | None:
    """A displayed amount; None if there is none or its denomination is not known."""
    if shown is None:
        return None
    match = _AMOUNT.fullmatch(text(shown).strip())
    if match is None or match.end() > _LONGEST_AMOUNT:
        raise Unreadable("an amount is in no known form")
    if _denomination(match["code"]) is None:
        return None
    money = Money.displayed(match.string)
    return money if money.amount else abs(money)


def _size(shown: object) -> Money | None:
    """An amount without its direction: core puts a minus before what goes out."""
    if shown is None:
        raise Unreadable("an amount is missing")
    money = _money(shown)
    return None if money is None else abs(money)


def _denomination(value: object) -> Denomination | None:
    try:
        return Denomination(text(value).strip().upper())
    except ValueError:
        return None


def _number(value: object) -> Decimal | None:
    """A number in any form; None if there is none. A graph database's integer is two halves of 32 bits."""
    if isinstance(value, dict) and value.keys() == {"low", "high"}:
        low, high = value["low"], value["high"]
        if type(low) is int and type(high) is int:
            return Decimal((high << 32) + (low & 0xFFFFFFFF))
        return None
    if isinstance(value, str) and re.fullmatch(r"-?[0-9][0-9,]{0,24}(\.[0-9]{1,30})?", value.strip()):
        value = Decimal(value.strip().replace(",", ""))
    if type(value) is int or isinstance(value, Decimal):
        number = Decimal(value)
        return number if number.is_finite() and number.adjusted() < _MOST_DIGITS else None
    return None


def _cents(value: object) -> Decimal | None:
    """A remaining limit. Core calculates it in binary fractions, so 7.5 may arrive as 7.499999999999999."""
    number = _number(value)
    return None if number is None else max(number, Decimal(0)).quantize(Decimal("0.01"))


def _whole(value: object) -> int | None:
    number = _number(value)
    return int(number) if number is not None and number == number.to_integral_value() and number >= 0 else None


def _day(value: object) -> date | None:
    """A date; None if there is none, and for the "Invalid date" that core writes in every December."""
    try:
        return date.fromisoformat(text(value)[:10])
    except ValueError:
        return None


def _moment(value: object) -> int | None:
    """A time, in ms since the epoch; None if there is none that can be read. Without a zone it is UTC."""
    try:
        moment = datetime.fromisoformat(text(value))
    except ValueError:
        return None
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def _name(value: object) -> str:
    """A name as its owner wrote it: core escapes angle brackets as if for a web page."""
    return text(value).replace("&lt;", "<").replace("&gt;", ">").strip()


def _required(value: object, name: str) -> str:
    if not text(value):
        raise Unreadable(f"{name} is missing")
    return text(value)
