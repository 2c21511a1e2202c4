"""What a member may notice of an odd world, and why: all else has to be as ever.

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
    """Words that may be there or not, or be others of the same form."""

    why: str
    words: str

    def remove(self, text: str) -> str:
        """The text without them."""
        return re.sub(self.words, "", text)


@dataclass(frozen=True, slots=True)
class Divergence:
    """A conversation that goes another way: why, and a pattern for what is seen there (or cannot be played)."""

    why: str
    seen: str


_AMOUNT: Final = r"[0-9,]+\.[0-9]+ [A-Z]{3}"
_DAY: Final = r"[0-9]+ [A-Z][a-z]+ [0-9]{4}"

_LOOKS: Final = Tolerance("to look how things stand takes a second", r"(… )?(day [0-9]+, )?\+[0-9:]+")
_CREATED: Final = (
    _LOOKS,
    Tolerance(
        "it is said that core was unclear, and what was found",
        r"Credex answered unclearly, so I looked: it is there\.",
    ),
)

TOLERANCES: Final[Mapping[str, tuple[Tolerance, ...]]] = {
    "null_remaining": (
        Tolerance(
            "and nobody is warned of a limit that is not known",
            rf"⚠️ You can still offer {_AMOUNT} today\. Credex may refuse more\.",
        ),
        Tolerance(
            "what core does not say of the daily limit cannot be shown",
            rf"You can still offer {_AMOUNT} today( \([a-z]+ tier\))?\.",
        ),
    ),
    "null_tier": (
        Tolerance("a tier that core does not say cannot be named", r" \([a-z]+ tier\)(?=\.)"),
        Tolerance("who may have the tier already is not kept from it", "• Upgrade The hustler tier for 1 USD"),
        Tolerance(
            "and nobody is warned of a tier that is not known",
            r"⚠️ (More than one account needs the hustler tier, which you do not have yet\. Credex may refuse\. "
            r"Type \*upgrade\* to read about it"
            r"|Members of the open tier may not offer without backing\. Credex may refuse it"
            r"|Letting others act needs the entrepreneur tier, which you do not have\. Credex may refuse)\.",
        ),
    ),
    "invalid_date": (
        Tolerance("a date that core cannot say cannot be shown", rf", due on {_DAY}|It is due on {_DAY}\."),
    ),
    "ledger_without_ids": (
        Tolerance(
            "without its id a credex cannot be looked up: its line in the ledger is all that is told",
            rf"It is secured\.|It is without backing, due on {_DAY}\.|Accepted on {_DAY}\.",
        ),
    ),
    "created_but_404": _CREATED,
    "created_but_400": _CREATED,
    "created_but_500": _CREATED,
    "declined_but_500": (_LOOKS,),
    "dashboard_left_out": (
        _LOOKS,
        Tolerance(
            "no balance is told that core did not tell", rf"Your balance (there )?is now {_AMOUNT}(, {_AMOUNT})*\."
        ),
        Tolerance("an account that core did not show yet is led to by the list", r"\[ (Act for it|Accounts) \]"),
    ),
}

_SOONER: Final = "the state Redis was away, and another copy of what WhatsApp was to bring again comes sooner"
_UNKNOWN: Final = (
    "no status says that it went out, so it goes out once more after half a minute: better twice than never"
)
_LOOKED: Final = "Credex did not take it, and I have looked"
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
            "two people are answered in another order, which neither of them can see",
            r"Good morning, Rudo\..* m9 \+0:[0-9]{2} Please check\..* m10 ",
        ),
    },
    "owned_only": {
        name: Divergence("the account acted for is not there to be chosen", rf"'{account}' is not on {who}'s screen")
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
            "which account is meant is asked of the highest tier alone", "'Moyo Hardware' is not on Tariro's screen"
        ),
        "upgrade/already": Divergence("who may have the tier already is not kept from it", r"Get the \*hustler tier\*"),
        "upgrade/done-elsewhere": Divergence(
            "core is asked, which takes a second, and says that it is there already",
            r"nothing to pay\. \[ Menu \] m4 \+0:08",
        ),
        **{
            name: Divergence(
                "a tier that is not told proves nothing: it stays open", r"I do \*not know yet\* whether 1\.00 USD"
            )
            for name in ("upgrade/answers-500", "upgrade/not-known-then-found")
        },
    },
    "due_window_open": {
        "offer/due-date-refused": Divergence("this core takes the date", r"You offered \*5\.00 USD\*"),
    },
    "vanishing_offers": {
        "pending/yesterdays-offer-opens": Divergence(
            "the offer of yesterday is gone, and the member is told so",
            r"(?s)'Decline' is not on Tariro's screen.*That offer is no longer waiting",
        ),
    },
    "lists_reversed": {
        name: Divergence(
            "offers are taken in core's order, so it is others that come first, and others that fail", seen
        )
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
            "an entry is found by what it says, and one that says the same is there", r"Accepted on 1 November 2026\."
        ),
        **{
            name: Divergence("a row without the id of its credex is good for its own list only", _OLD_BUTTON)
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
                "what core does not call a refusal is not taken for one: the bot looks, and tells", _LOOKED
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
                "the reason is not known, so nothing is offered that it suggests",
                rf"(?s)'{button}' is not on Tariro's screen.*{_LOOKED}",
            )
            for name, button in (
                ("accounts/open-business-tier-too-low", "Upgrade"),
                ("upgrade/balance-too-small", "Cash in and out"),
            )
        },
    },
    "dashboard_left_out": {
        "accounts/open-business": Divergence(
            "an account that core did not show yet is led to by the list", "'Act for it' is not on Tariro's screen"
        ),
    },
    "joined_but_400": {
        name: Divergence("they are members without an account, and are told so", "You are a member, but Credex shows")
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
            "core refuses what it says is there", r"Credex refused the offer of \*50\.00 USD\*"
        ),
    },
}
