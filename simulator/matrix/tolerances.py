"""What a member may notice in a variant world, and why; everything else must be the same.

A `Tolerance` is a pattern of words that are removed on both sides before they are compared. A `Divergence` is one
conversation that takes another course; a pattern names what must be seen there instead.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

__all__ = ("DIVERGENCES", "TOLERANCES", "Divergence", "Tolerance")


@dataclass(frozen=True, slots=True)
class Tolerance:
    """A pattern of words that may be present, absent or different."""

    why: str
    words: str

    def remove(self, text: str) -> str:
        """The text without these words."""
        return re.sub(self.words, "", text)


@dataclass(frozen=True, slots=True)
class Divergence:
    """A conversation that takes another course: why, and a pattern for its transcript or its error."""

    why: str
    seen: str


_AMOUNT: Final = r"[0-9,]+\.[0-9]+ [A-Z]{3}"
_DAY: Final = r"[0-9]+ [A-Z][a-z]+ [0-9]{4}"

_TIMES: Final = Tolerance("reconciling takes a second", r"(… )?(day [0-9]+, )?\+[0-9:]+")
_CREATED: Final = (
    _TIMES,
    Tolerance(
        "the bot says that core answered unclearly, and what it found",
        r"Credex answered unclearly, so I looked: it is there\.",
    ),
)

TOLERANCES: Final[Mapping[str, tuple[Tolerance, ...]]] = {
    "null_remaining": (
        Tolerance(
            "an unknown limit causes no warning",
            rf"⚠️ You can still offer {_AMOUNT} today\. Credex may refuse more\.",
        ),
        Tolerance(
            "an unknown daily limit cannot be shown",
            rf"You can still offer {_AMOUNT} today( \([a-z]+ tier\))?\.",
        ),
    ),
    "null_tier": (
        Tolerance("an unknown tier cannot be named", r" \([a-z]+ tier\)(?=\.)"),
        Tolerance("the upgrade is offered, since the tier is unknown", "• Upgrade The hustler tier for 1 USD"),
        Tolerance(
            "an unknown tier causes no warning",
            r"⚠️ (More than one account needs the hustler tier, which you do not have yet\. Credex may refuse\. "
            r"Type \*upgrade\* to read about it"
            r"|Members of the open tier may not offer without backing\. Credex may refuse it"
            r"|Letting others act needs the entrepreneur tier, which you do not have\. Credex may refuse)\.",
        ),
    ),
    "invalid_date": (Tolerance("an invalid date cannot be shown", rf", due on {_DAY}|It is due on {_DAY}\."),),
    "ledger_without_ids": (
        Tolerance(
            "without its id a credex cannot be read: only its ledger row is shown",
            rf"It is secured\.|It is without backing, due on {_DAY}\.|Accepted on {_DAY}\.",
        ),
    ),
    "created_but_404": _CREATED,
    "created_but_400": _CREATED,
    "created_but_500": _CREATED,
    "declined_but_500": (_TIMES,),
    "dashboard_left_out": (
        _TIMES,
        Tolerance(
            "a balance that core left out is not shown", rf"Your balance (there )?is now {_AMOUNT}(, {_AMOUNT})*\."
        ),
        Tolerance("an account that core has not shown is reached through the list", r"\[ (Act for it|Accounts) \]"),
    ),
}

_SOONER: Final = "the state Redis was down, and a second copy of the webhook arrives before WhatsApp's retry"
_UNKNOWN: Final = "no status proves that it was sent, so it is sent once more after 30 s"
_RECONCILED: Final = "Credex did not take it, and I have looked"
_OLD_BUTTON: Final = "That button is from an earlier message"

DIVERGENCES: Final[Mapping[str, Mapping[str, Divergence]]] = {
    "webhooks-twice": {"trouble/state-down": Divergence(_SOONER, r"\[ Menu \] m4 \+0:07")},
    "webhooks-at-once": {"trouble/answer-of-redis-lost": Divergence(_SOONER, r"m6 \+2:14")},
    "webhooks-late": {"trouble/state-down": Divergence(_SOONER, r"\[ Menu \] m4 \+0:13")},
    "statuses-late": {
        "delivery/accepted-then-no-answer": Divergence(
            _UNKNOWN,
            r"m3 \+0:15 … \+0:15 -- 1 minute passes -- Offer \*5\.00 USD\* .* m4 \+0:31 ✅ You offered .* m5 \+0:32$",
        ),
        "money/answer-to-the-member-uncertain": Divergence(
            _UNKNOWN, r" m4 \+0:08 -- 1 minute passes -- ✅ You offered \*5\.00 USD\* .* m5 \+0:38$"
        ),
        "trouble/answer-lost-on-the-way": Divergence(
            _UNKNOWN, r"-- 1 minute passes -- Good morning, Rudo\. .* m4 \+1:01 \*VimbisoPay\* .* m5 \+1:01$"
        ),
    },
    "statuses-early": {
        "trouble/three-in-one-post": Divergence(
            "two people are answered in another order, which neither can see",
            r"Good morning, Rudo\..* m9 \+0:[0-9]{2} Please check\..* m10 ",
        ),
    },
    "owned_only": {
        name: Divergence("an account of somebody else is not listed", rf"'{account}' is not on {who}'s screen")
        for name, account, who in (
            ("accounts/not-theirs-any-more", "Moyo Hardware", "Farai"),
            ("offer/account-lost-in-the-middle", "Farai Shop", "Tariro"),
            ("offer/account-no-longer-theirs", "Moyo Hardware", "Farai"),
            ("people/authorise", "Tariro Moyo Personal", "Farai"),
            ("people/not-the-owner", "Moyo Hardware", "Farai"),
        )
    },
    "null_tier": {
        "accounts/asked-at-the-greeting": Divergence(
            "the account is asked for only with the highest tier", "'Moyo Hardware' is not on Tariro's screen"
        ),
        "upgrade/already": Divergence("the upgrade is offered, since the tier is unknown", r"Get the \*hustler tier\*"),
        "upgrade/done-elsewhere": Divergence(
            "core is asked, which takes a second, and refuses because the tier is reached",
            r"nothing to pay\. \[ Menu \] m4 \+0:08",
        ),
        **{
            name: Divergence(
                "a missing tier proves nothing: the outcome stays unknown", r"I do \*not know yet\* whether 1\.00 USD"
            )
            for name in ("upgrade/answers-500", "upgrade/not-known-then-found")
        },
    },
    "due_window_open": {
        "offer/due-date-refused": Divergence("this core accepts the date", r"You offered \*5\.00 USD\*"),
    },
    "vanishing_offers": {
        "pending/yesterdays-offer-opens": Divergence(
            "yesterday's offer has expired, and the member is told so",
            r"(?s)'Decline' is not on Tariro's screen.*That offer is no longer waiting",
        ),
    },
    "lists_reversed": {
        name: Divergence("offers are handled in core's order, so other ones come first and other ones fail", seen)
        for name, seen in (
            ("pending/accept-all-many", r"In all: \*25\.00 USD\*"),
            ("pending/accept-all-one-gone", r"waiting: \*1\.00 USD\* from Farai Ncube \w+ Your balance is now 55\."),
            ("pending/accept-all-refused", r"Credex refused: \*2\.00 USD\*"),
            ("pending/accept-all-slow", r"not accepted, still waits: \*1\.00 USD\*"),
            ("pending/accept-all-the-fourth-not-reached", r"not known yet: \*2\.00 USD\*"),
            ("pending/many", r"Choose • 11\.00 USD from Farai Ncube Personal • 10\.00 USD"),
        )
    },
    "ledger_without_ids": {
        "ledger/entry-gone": Divergence(
            "a row is found by its contents, and another row has the same contents", r"Accepted on 1 November 2026\."
        ),
        **{
            name: Divergence("a row without a credex id is valid in its own list only", _OLD_BUTTON)
            for name in (
                "dashboard/no-account",
                "greeting/old-rows-from-a-new-number",
                "trouble/core-away-everywhere",
            )
        },
    },
    "management_as_200": {
        **{
            name: Divergence(
                "an answer that is not marked as a refusal is not taken for one: the bot reconciles", _RECONCILED
            )
            for name in (
                "accounts/open-business-handle-taken",
                "forms/business-refused-answers",
                "people/five-at-most",
                "people/tier-too-low",
            )
        },
        **{
            name: Divergence(
                "the reason is unknown, so no remedy is offered",
                rf"(?s)'{button}' is not on Tariro's screen.*{_RECONCILED}",
            )
            for name, button in (
                ("accounts/open-business-tier-too-low", "Upgrade"),
                ("upgrade/balance-too-small", "Cash in and out"),
            )
        },
    },
    "dashboard_left_out": {
        "accounts/open-business": Divergence(
            "an account that core has not shown is reached through the list",
            "'Act for it' is not on Tariro's screen",
        ),
    },
    "joined_but_400": {
        name: Divergence("the members have no account, and are told so", "You are a member, but Credex shows")
        for name in (
            "forms/questions-instead",
            "forms/registration",
            "forms/submitted-twice",
            "registration/member-already",
            "registration/name-that-changes",
            "registration/not-a-text",
            "registration/stranger",
            "registration/typed-answers",
            "trouble/cache-down",
            "trouble/three-in-one-post",
        )
    },
    "exact_balance_refused": {
        "offer/the-whole-balance": Divergence(
            "core refuses to spend the whole balance", r"Credex refused the offer of \*50\.00 USD\*"
        ),
    },
}
