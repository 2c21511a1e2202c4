"""More writes of the table: offers without backing, accounts, the people who act for them, tiers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Final

from simulator.credex_core import Core
from tests.integration.money_table_writes import AMOUNT, FARAI, TARIRO, WRITES, Facts, Said, WriteRow

__all__ = ("MORE",)


def _as_tier(tier: int, *, with_farai: bool = False) -> Callable[[Core], str]:
    """Tariro has this tier, and perhaps Farai may act for her account."""

    def begin(core: Core) -> str:
        core.member(TARIRO).tier = tier
        if with_farai:
            core.authorise(TARIRO, core.member(FARAI))
        return ""

    return begin


def _opened(core: Core, _: str) -> Facts:
    return Facts(sum(account.handle == "moyo_shop" for account in core.ledger.accounts.values()))


def _authorised(core: Core, _: str) -> Facts:
    return Facts(core.account(TARIRO).authorised.count(core.member(FARAI).member_id))


def _removed(core: Core, _: str) -> Facts:
    return Facts(int(core.member(FARAI).member_id not in core.account(TARIRO).authorised))


def _told(core: Core, _: str) -> Facts:
    return Facts(int(core.account(TARIRO).send_offers_to == core.member(FARAI).member_id))


def _paid(core: Core, _: str) -> Facts:
    treasury = core.account("credex_foundation").account_id
    payments = sum(credex.receiver_id == treasury for credex in core.credexes())
    assert (payments > 0) is (core.member(TARIRO).tier == 3)
    return Facts(payments)


_WHO: Final = r"\*Farai Ncube\*"
_OF: Final = r"\*Tariro Moyo Personal\*"
_LOOKED: Final = r"(I could not reach Credex, so|Credex did not take it, and I have looked:)"

_PERMIT_WORDS: Final = {
    r"Credex refused: .*\n\nNothing was changed": Said.NOT_DONE,
    r"They do not act for that account any more, or it is no longer yours\. Nothing was changed": Said.NOT_DONE,
    rf"({_LOOKED}|I looked again:) {_WHO} (may \*not\* act|may still act|is \*not\* told)": Said.NOT_DONE,
    r"I do \*not know yet\*": Said.UNKNOWN,
    r"I could not find out": Said.NEVER,
}

_OFFER: Final = next(write for write in WRITES if write.endpoint == "createCredex")

MORE: Final = (
    replace(
        _OFFER,
        title="createCredex, without backing",
        steps=("2.5->farai_shop", "[Confirm]"),
        begin=_as_tier(2),
        act=lambda core, _: core.offer(TARIRO, "farai_shop", AMOUNT, due=core.ledger.today + timedelta(days=28)),
    ),
    WriteRow(
        endpoint="createAccount",
        steps=("accounts", "[Open an account]", "Moyo Shop", "[USD]", "moyo_shop", "[Confirm]"),
        begin=_as_tier(3),
        facts=_opened,
        act=lambda core, _: core.add_account(core.member(TARIRO), "Moyo Shop", "moyo_shop"),
        other=None,
        words={
            r"✅ The account \*Moyo Shop\* is open": Said.DONE,
            r"✅ I looked again: the account \*Moyo Shop\* \(handle moyo_shop\) is open": Said.DONE,
            r"Credex refused to open \*Moyo Shop\*: .*\n\nNo account was opened": Said.NOT_DONE,
            r"The handle “moyo_shop” is taken\. No account was opened yet": Said.NOT_DONE,
            rf"{_LOOKED} the account \*Moyo Shop\* was \*not\* opened": Said.NOT_DONE,
            r"I do \*not know yet\* whether the account \*Moyo Shop\* was opened": Said.UNKNOWN,
            r"I looked again: the account \*Moyo Shop\* .* was \*not\* opened": Said.NOT_DONE,
            r"I could not find out whether the account": Said.NEVER,
        },
    ),
    WriteRow(
        endpoint="authorizeForAccount",
        steps=("people", "[Let another act]", "farai_shop", "[Confirm]"),
        begin=_as_tier(4),
        facts=_authorised,
        act=lambda core, _: core.authorise(TARIRO, core.member(FARAI)),
        other=None,
        words=_PERMIT_WORDS | {rf"✅ {_WHO} may now act for {_OF}": Said.DONE},
    ),
    WriteRow(
        endpoint="unauthorizeForAccount",
        steps=("people", "[Farai Ncube]", "[Remove]", "[Confirm]"),
        begin=_as_tier(4, with_farai=True),
        facts=_removed,
        act=lambda core, _: core.unauthorise(TARIRO, core.member(FARAI)),
        other=None,
        words=_PERMIT_WORDS | {rf"✅ {_WHO} can no longer act for {_OF}": Said.DONE},
    ),
    WriteRow(
        endpoint="updateSendOffersTo",
        steps=("people", "[Farai Ncube]", "[Tell them of offers]", "[Confirm]"),
        begin=_as_tier(4, with_farai=True),
        facts=_told,
        act=lambda core, _: core.set_offer_recipient(TARIRO, core.member(FARAI)),
        other=None,
        words=_PERMIT_WORDS | {rf"✅ {_WHO} is now told of new offers to {_OF}": Said.DONE},
    ),
    WriteRow(
        endpoint="hustler10k",
        steps=("upgrade", "[Confirm]"),
        begin=_as_tier(1),
        facts=_paid,
        act=lambda core, _: core.upgrade(core.member(TARIRO)),
        other=None,
        words={
            r"✅ You now have the \*hustler tier\*": Said.DONE,
            r"✅ I looked again: you now have the \*hustler tier\*": Said.DONE,
            r"Credex refused the upgrade: .*\n\nNothing was paid": Said.NOT_DONE,
            rf"{_LOOKED} nothing was paid, and your tier is what it was": Said.NOT_DONE,
            r"I do \*not know yet\* whether 1\.00 USD was paid": Said.UNKNOWN,
            r"I looked again: the upgrade did \*not\* happen, and nothing was paid": Said.NOT_DONE,
            r"I could not find out what became of your upgrade": Said.NEVER,
        },
    ),
)
