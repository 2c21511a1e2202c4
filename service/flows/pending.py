"""Pending offers: what waits for the member, what they wait for, and what can be done about each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from service.conversation import CoreCall, Exit, Flow, Question, TurnContext
from service.domain import Account, Dashboard, Offer
from service.domain.commands import Known, Login, Outcome
from service.flows import formatting
from service.flows.dashboard import acting, seen
from service.flows.greeting import DASHBOARD_FAILED_EXITS, dashboard_failed
from service.flows.resolve_offer import RESOLVE_OFFER_STEPS
from service.messages import Buttons, List, Message, Row, Section

__all__ = ("PENDING",)

PAGE = 7
"""Offers on one page: with "accept all", "next" and "menu" ten rows, which is all that WhatsApp shows."""

MOST_DIGITS = 7


# -- the lists ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Direction:
    """One of the two directions; whoever has several accounts is told which one it is about."""

    route: str
    title: str
    of_one: str
    empty: str
    empty_of_one: str
    preposition: str
    pick: Callable[[Account], tuple[Offer, ...]]


_INCOMING = Direction(
    "incoming",
    "Offers that wait for you",
    "Offers that wait for *{mine}*",
    "No offers wait for you.",
    "No offers wait for *{mine}*.",
    "from",
    lambda account: account.incoming,
)
_OUTGOING = Direction(
    "outgoing",
    "Your offers that wait",
    "Offers of *{mine}* that wait",
    "You have no offers waiting.",
    "*{mine}* has no offers waiting.",
    "to",
    lambda account: account.outgoing,
)


def _fetched(way: Direction) -> Callable[[Outcome, TurnContext], Exit]:
    def result(outcome: Outcome, context: TurnContext) -> Exit:
        match outcome:
            case Known(value=Dashboard() as dashboard) if dashboard.account():
                others = any(way.pick(account) for account in dashboard.accounts)
                learnt = {"mine": formatting.one_of_several(dashboard, acting(context)), "others": "yes" * others}
                return Exit("some" if way.pick(acting(context)) else "none", learnt)
            case _:
                return dashboard_failed(outcome)

    return result


def _list(way: Direction) -> Callable[[TurnContext], Sequence[Message]]:
    def screen(context: TurnContext) -> Sequence[Message]:
        offers = way.pick(acting(context))
        pages = -(-len(offers) // PAGE)
        asked = context.answers.get("target", "1")
        page = min(int(asked), pages) if asked.isdecimal() and asked.isascii() and len(asked) < MOST_DIGITS else 1
        page = max(page, 1)
        shown = offers[(page - 1) * PAGE : page * PAGE]
        rows = [_row(context, way, offer) for offer in shown]
        if way is _INCOMING and len(offers) > 1:
            rows.append(
                context.entry("accept_all", f"Accept all ({len(offers)})", "Up to five at a time; you see them first")
            )
        if pages > 1:
            following = page % pages + 1
            title = "Next page" if following > page else "First page"
            rows.append(context.entry(way.route, title, f"Page {following} of {pages}", str(following)))
        rows.append(context.entry("menu", "Menu"))
        where = f" (page {page} of {pages})" if pages > 1 else ""
        mine = formatting.one_of_several(seen(context), acting(context))
        title = way.of_one.format(mine=formatting.name(mine)) if mine else way.title
        return [List(body=f"{title}: {len(offers)}{where}.", button="Choose", sections=(Section(rows=tuple(rows)),))]

    return screen


def _row(context: TurnContext, way: Direction, offer: Offer) -> Row:
    kind = "" if offer.secured else ", without backing"
    about = f"{way.preposition} {formatting.name(offer.counterparty, 50)}{kind}"
    return context.entry("open", str(offer.amount), about, offer.credex_id)


def _empty(way: Direction) -> Callable[[TurnContext], Sequence[Message]]:
    def screen(context: TurnContext) -> Sequence[Message]:
        mine = context.answers.get("mine")
        body = way.empty_of_one.format(mine=formatting.name(mine)) if mine else way.empty
        if not context.answers.get("others"):
            return [Buttons(body=body, buttons=(formatting.menu(context),))]
        return [
            Buttons(
                body=f"{body}\n\nAnother account of yours has some: choose it under Accounts.",
                buttons=(context.link("accounts", "Accounts"), formatting.menu(context)),
            )
        ]

    return screen


# -- one offer ------------------------------------------------------------------------------------------------------


def _opened(outcome: Outcome, context: TurnContext) -> Exit:
    match outcome:
        case Known(value=Dashboard() as dashboard) if dashboard.account():
            pass
        case _:
            return dashboard_failed(outcome)
    wanted = context.answers.get("target", "")
    for account in dashboard.accounts:
        for way in (_INCOMING, _OUTGOING):
            for offer in way.pick(account):
                if offer.credex_id == wanted:
                    mine = formatting.one_of_several(dashboard, account)
                    return Exit(way.route, _learnt(account, offer) | {"mine": mine})
    return Exit("gone")


def _learnt(account: Account, offer: Offer) -> dict[str, str]:
    return {
        "account": account.account_id,
        "credex": offer.credex_id,
        "amount": str(offer.amount),
        "party": offer.counterparty,
        "kind": "secured" if offer.secured else formatting.UNSECURED,
        "due": formatting.day(offer.due) if offer.due else "",
    }


def _terms(context: TurnContext) -> str:
    due = context.answers["due"]
    mine = context.answers.get("mine")
    of = f"\nYour account: {formatting.name(mine)}" if mine else ""
    return f"It is {context.answers['kind']}{f', due on {due}' if due else ''}.{of}"


def _show_incoming(context: TurnContext) -> Sequence[Message]:
    return [
        Buttons(
            body=f"*{context.answers['amount']}* offered to you by *{formatting.name(context.answers['party'])}*.\n"
            f"{_terms(context)}\n\n"
            "If you accept, they owe you this amount.",
            buttons=(
                context.option("accept", "Accept"),
                context.option("decline", "Decline"),
                context.link("incoming", "Back"),
            ),
        )
    ]


def _show_outgoing(context: TurnContext) -> Sequence[Message]:
    return [
        Buttons(
            body=f"You offered *{context.answers['amount']}* to *{formatting.name(context.answers['party'])}*.\n"
            f"{_terms(context)}\n\n"
            "They have not answered yet.",
            buttons=(context.option("cancel_offer", "Cancel the offer"), context.link("outgoing", "Back")),
        )
    ]


def _show_gone(context: TurnContext) -> Sequence[Message]:
    return [
        Buttons(
            body="That offer is no longer waiting: it was accepted, declined or cancelled, or it ended after two days.",
            buttons=(
                context.link("incoming", "Incoming offers"),
                context.link("outgoing", "Outgoing offers"),
                formatting.menu(context),
            ),
        )
    ]


def _way_steps(way: Direction) -> tuple[Question | CoreCall, ...]:
    listed = f"{way.route}_list"
    return (
        CoreCall(
            way.route,
            call=lambda _: Login(fresh=True),
            result=_fetched(way),
            exits={
                "some": listed,
                "none": f"{way.route}_none",
                **DASHBOARD_FAILED_EXITS,
            },
        ),
        Question(listed, "list", _list(way), reenter_at=way.route, interruptible=True),
        Question(f"{way.route}_none", "buttons", _empty(way), interruptible=True),
    )


PENDING = Flow(
    name="pending",
    title="Pending offers: accept, decline, cancel",
    cancelled_text="Nothing was changed.",
    expired_text="That was left for more than five minutes, so I let it go. Nothing was changed.",
    steps=(
        *_way_steps(_INCOMING),
        *_way_steps(_OUTGOING),
        CoreCall(
            "open",
            call=lambda _: Login(fresh=True),
            result=_opened,
            exits={
                "incoming": "incoming_offer",
                "outgoing": "outgoing_offer",
                "gone": "gone",
                **DASHBOARD_FAILED_EXITS,
            },
        ),
        Question(
            "incoming_offer",
            "buttons",
            _show_incoming,
            {"accept": "confirm_accept", "decline": "confirm_decline"},
            interruptible=True,
        ),
        Question(
            "outgoing_offer", "buttons", _show_outgoing, {"cancel_offer": "confirm_cancel_offer"}, interruptible=True
        ),
        Question("gone", "buttons", _show_gone, interruptible=True),
        *RESOLVE_OFFER_STEPS,
    ),
)
