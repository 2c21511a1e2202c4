"""An offer typed in one line: ``0.5=>farai_shop``, or ``0.5->farai_shop=in 3 weeks`` to pay later."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from service.conversation import Exit, Retry, Shortcut
from service.domain import Account, AmountError, Handle, HandleRefused, read_amount
from service.flows.offer.answers import Context, OfferAnswers
from service.flows.offer.dates import USUAL, DueRefused, core_day, read_due

_NOTATION: Final = re.compile(r"([^=<>]+?) ?([=-]) ?> ?([^=]*?)(?: ?= ?(.*))?")


def _read(text: str) -> OfferAnswers | Retry | None:
    match = _NOTATION.fullmatch(" ".join(text.split()))
    if match is None:
        return None
    typed, arrow, handle, day = match.groups()
    try:
        wanted = Handle.typed(handle).text
    except HandleRefused as refused:
        return Retry(f"{refused} Type it like this: 0.5{arrow}>farai_shop")
    if arrow == "=":
        if day is not None:
            return Retry("An offer out of your balance has no due date. To pay later, type: 0.5->farai_shop=in 3 weeks")
        return OfferAnswers(typed=typed, handle=wanted)
    return OfferAnswers(typed=typed, handle=wanted, typed_due=day or USUAL)


SHORTCUT = Shortcut(_read, "begin")


def read_typed(context: Context, account: Account) -> Exit:
    """What to ask first about an offer from this account, after what was typed in one line."""
    answers = msgspec.structs.replace(
        context.answers,
        account=account.account_id,
        account_name=account.name,
        denomination=account.default_denomination,
    )
    if not answers.typed:
        return Exit("ask", answers)
    late = ""
    if answers.typed_due:
        try:
            answers = msgspec.structs.replace(
                answers, due=read_due(answers.typed_due, core_day(context.now_ms)), typed_due=""
            )
        except DueRefused as refused:
            late = refused.reason
    try:
        amount = read_amount(answers.typed or "", default=account.default_denomination)
    except AmountError as error:
        return Exit("ask", msgspec.structs.replace(answers, typed=""), preface=str(error))
    answers = msgspec.structs.replace(answers, typed="", amount=amount, typed_due="")
    return Exit("due", answers, preface=late) if late else Exit("typed", answers)
