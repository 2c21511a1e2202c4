"""The lists of pending offers, incoming and outgoing, and one offer of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from service.conversation import Exit, Question, Step
from service.domain import Account, Dashboard, Offer
from service.flows import formatting
from service.flows.login import acting, read_dashboard, seen
from service.flows.paging import page_asked, turn_page
from service.flows.pending.answers import Context, PendingAnswers
from service.flows.screens import MENU, choose, link, option, screen
from service.messages import Button, Buttons, Message, Row

PAGE: Final = 7
"""Offers on one page: with "accept all", "next" and "menu" ten rows, which is all that WhatsApp shows."""


@dataclass(frozen=True, slots=True)
class Direction:
    """One of the two lists. A member with several accounts is told which one it is about.

    Attributes:
        route: of the list; also the name of its step.
        title: above the list: of the account named, else of the only one.
        empty: instead of the list, likewise.
        preposition: before the other side's name.
        offers: of an account.
    """

    route: str
    title: Callable[[str], str]
    empty: Callable[[str], str]
    preposition: str
    offers: Callable[[Account], tuple[Offer, ...]]


_INCOMING = Direction(
    route="incoming",
    title=lambda mine: f"Offers that wait for *{mine}*" if mine else "Offers that wait for you",
    empty=lambda mine: f"No offers wait for *{mine}*." if mine else "No offers wait for you.",
    preposition="from",
    offers=lambda account: account.incoming,
)
_OUTGOING = Direction(
    route="outgoing",
    title=lambda mine: f"Offers of *{mine}* that wait" if mine else "Your offers that wait",
    empty=lambda mine: f"*{mine}* has no offers waiting." if mine else "You have no offers waiting.",
    preposition="to",
    offers=lambda account: account.outgoing,
)


def _list_steps(direction: Direction) -> tuple[Step, ...]:
    route, listed, none = direction.route, f"{direction.route}_list", f"{direction.route}_none"

    def fetched(dashboard: Dashboard, context: Context) -> Exit:
        return context.exit(
            "some" if direction.offers(acting(context)) else "none",
            mine=formatting.one_of_several(dashboard, acting(context)),
            others=any(direction.offers(account) for account in dashboard.accounts),
        )

    return (
        read_dashboard(route, fetched, {"some": listed, "none": none}),
        Question(listed, "list", lambda context: _list(direction, context), reenter_at=route, interruptible=True),
        Question(none, "buttons", lambda context: _empty(direction, context), interruptible=True),
    )


def _list(direction: Direction, context: Context) -> Sequence[Message]:
    offers = direction.offers(acting(context))
    pages = -(-len(offers) // PAGE)
    page = page_asked(context.answers.target, pages)
    rows = [_row(context, direction, offer) for offer in offers[(page - 1) * PAGE : page * PAGE]]
    if direction is _INCOMING and len(offers) > 1:
        rows.append(
            context.entry("accept_all", f"Accept all ({len(offers)})", "Up to five at a time; you see them first")
        )
    rows += [*turn_page(context, direction.route, page, pages), context.entry("menu", "Menu")]
    where = f" (page {page} of {pages})" if pages > 1 else ""
    mine = formatting.one_of_several(seen(context), acting(context))
    title = direction.title(formatting.name(mine) if mine else "")
    return choose(f"{title}: {len(offers)}{where}.", rows)


def _row(context: Context, direction: Direction, offer: Offer) -> Row:
    kind = "" if offer.secured else ", without backing"
    about = f"{direction.preposition} {formatting.name(offer.counterparty, 50)}{kind}"
    return context.entry("open", str(offer.amount), about, offer.credex_id)


def _empty(direction: Direction, context: Context) -> Sequence[Message]:
    mine = context.answers.mine
    body = direction.empty(formatting.name(mine) if mine else "")
    buttons: tuple[Button, ...] = (MENU(context),)
    if context.answers.others:
        body += "\n\nAnother account of yours has some: choose it under Accounts."
        buttons = (context.link("accounts", "Accounts"), *buttons)
    return [Buttons(body=body, buttons=buttons)]


LIST_STEPS: Final = (*_list_steps(_INCOMING), *_list_steps(_OUTGOING))


def _opened(dashboard: Dashboard, context: Context) -> Exit:
    for account in dashboard.accounts:
        for direction in (_INCOMING, _OUTGOING):
            for offer in direction.offers(account):
                if offer.credex_id == context.answers.target:
                    return context.exit(
                        direction.route,
                        mine=formatting.one_of_several(dashboard, account),
                        account=account.account_id,
                        credex=offer.credex_id,
                        amount=offer.amount,
                        party=offer.counterparty,
                        kind="secured" if offer.secured else formatting.UNSECURED,
                        due=formatting.day(offer.due) if offer.due else "",
                    )
    return Exit("gone")


def _terms(answers: PendingAnswers) -> str:
    terms = f"It is {answers.kind}, due on {answers.due}." if answers.due else f"It is {answers.kind}."
    return f"{terms}\nYour account: {formatting.name(answers.mine)}" if answers.mine else terms


def _incoming(context: Context) -> str:
    answers = context.answers
    return (
        f"*{answers.amount}* offered to you by *{formatting.name(answers.party)}*.\n{_terms(answers)}\n\n"
        "If you accept, they owe you this amount."
    )


def _outgoing(context: Context) -> str:
    answers = context.answers
    return (
        f"You offered *{answers.amount}* to *{formatting.name(answers.party)}*.\n{_terms(answers)}\n\n"
        "They have not answered yet."
    )


OFFER_STEPS: Final = (
    read_dashboard("open", _opened, {"incoming": "incoming_offer", "outgoing": "outgoing_offer", "gone": "gone"}),
    screen(
        "incoming_offer",
        _incoming,
        option("accept", "Accept"),
        option("decline", "Decline"),
        link("incoming", "Back"),
        exits={"accept": "confirm_accept", "decline": "confirm_decline"},
    ),
    screen(
        "outgoing_offer",
        _outgoing,
        option("cancel_offer", "Cancel the offer"),
        link("outgoing", "Back"),
        exits={"cancel_offer": "confirm_cancel_offer"},
    ),
    screen(
        "gone",
        "That offer is no longer waiting: it was accepted, declined or cancelled, or it ended after two days.",
        link("incoming", "Incoming offers"),
        link("outgoing", "Outgoing offers"),
        MENU,
    ),
)
