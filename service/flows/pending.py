"""Pending offers: what waits for the member, what they wait for, and what can be done about each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from service.conversation import CoreCall, Exit, Flow, Question, TurnContext
from service.domain import Account, Dashboard, Offer
from service.domain.commands import Known, Login, Outcome
from service.flows import show
from service.flows.dashboard import acting, seen
from service.flows.greeting import ASTRAY, dashboard_failed
from service.flows.resolve_offer import DEEDS
from service.messages import Buttons, List, Message, Row, Section

__all__ = ("PENDING",)

PAGE = 7
"""Offers on one page: with "accept all", "next" and "menu" ten rows, which is all that WhatsApp shows."""

MOST_DIGITS = 7


# -- the lists ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Direction:
    """One of the two directions; whoever has several accounts is told which one it is about."""

    place: str
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
    def result(outcome: Outcome, scene: TurnContext) -> Exit:
        match outcome:
            case Known(value=Dashboard() as dashboard) if dashboard.account():
                others = any(way.pick(account) for account in dashboard.accounts)
                learnt = {"mine": show.one_of_several(dashboard, acting(scene)), "others": "yes" * others}
                return Exit("some" if way.pick(acting(scene)) else "none", learnt)
            case _:
                return dashboard_failed(outcome)

    return result


def _list(way: Direction) -> Callable[[TurnContext], Sequence[Message]]:
    def screen(scene: TurnContext) -> Sequence[Message]:
        offers = way.pick(acting(scene))
        pages = -(-len(offers) // PAGE)
        asked = scene.answers.get("target", "1")
        page = min(int(asked), pages) if asked.isdecimal() and asked.isascii() and len(asked) < MOST_DIGITS else 1
        page = max(page, 1)
        shown = offers[(page - 1) * PAGE : page * PAGE]
        rows = [_row(scene, way, offer) for offer in shown]
        if way is _INCOMING and len(offers) > 1:
            rows.append(
                scene.entry("accept_all", f"Accept all ({len(offers)})", "Up to five at a time; you see them first")
            )
        if pages > 1:
            following = page % pages + 1
            title = "Next page" if following > page else "First page"
            rows.append(scene.entry(way.place, title, f"Page {following} of {pages}", str(following)))
        rows.append(scene.entry("menu", "Menu"))
        where = f" (page {page} of {pages})" if pages > 1 else ""
        mine = show.one_of_several(seen(scene), acting(scene))
        title = way.of_one.format(mine=show.name(mine)) if mine else way.title
        return [List(body=f"{title}: {len(offers)}{where}.", button="Choose", sections=(Section(rows=tuple(rows)),))]

    return screen


def _row(scene: TurnContext, way: Direction, offer: Offer) -> Row:
    kind = "" if offer.secured else ", without backing"
    about = f"{way.preposition} {show.name(offer.counterparty, 50)}{kind}"
    return scene.entry("open", str(offer.amount), about, offer.credex_id)


def _empty(way: Direction) -> Callable[[TurnContext], Sequence[Message]]:
    def screen(scene: TurnContext) -> Sequence[Message]:
        mine = scene.answers.get("mine")
        body = way.empty_of_one.format(mine=show.name(mine)) if mine else way.empty
        if not scene.answers.get("others"):
            return [Buttons(body=body, buttons=(show.menu(scene),))]
        return [
            Buttons(
                body=f"{body}\n\nAnother account of yours has some: choose it under Accounts.",
                buttons=(scene.link("accounts", "Accounts"), show.menu(scene)),
            )
        ]

    return screen


# -- one offer ------------------------------------------------------------------------------------------------------


def _opened(outcome: Outcome, scene: TurnContext) -> Exit:
    match outcome:
        case Known(value=Dashboard() as dashboard) if dashboard.account():
            pass
        case _:
            return dashboard_failed(outcome)
    wanted = scene.answers.get("target", "")
    for account in dashboard.accounts:
        for way in (_INCOMING, _OUTGOING):
            for offer in way.pick(account):
                if offer.credex_id == wanted:
                    mine = show.one_of_several(dashboard, account)
                    return Exit(way.place, _learnt(account, offer) | {"mine": mine})
    return Exit("gone")


def _learnt(account: Account, offer: Offer) -> dict[str, str]:
    return {
        "account": account.account_id,
        "credex": offer.credex_id,
        "amount": str(offer.amount),
        "party": offer.counterparty,
        "kind": "secured" if offer.secured else show.UNSECURED,
        "due": show.day(offer.due) if offer.due else "",
    }


def _terms(scene: TurnContext) -> str:
    due = scene.answers["due"]
    mine = scene.answers.get("mine")
    of = f"\nYour account: {show.name(mine)}" if mine else ""
    return f"It is {scene.answers['kind']}{f', due on {due}' if due else ''}.{of}"


def _show_incoming(scene: TurnContext) -> Sequence[Message]:
    return [
        Buttons(
            body=f"*{scene.answers['amount']}* offered to you by *{show.name(scene.answers['party'])}*.\n"
            f"{_terms(scene)}\n\n"
            "If you accept, they owe you this amount.",
            buttons=(
                scene.option("accept", "Accept"),
                scene.option("decline", "Decline"),
                scene.link("incoming", "Back"),
            ),
        )
    ]


def _show_outgoing(scene: TurnContext) -> Sequence[Message]:
    return [
        Buttons(
            body=f"You offered *{scene.answers['amount']}* to *{show.name(scene.answers['party'])}*.\n"
            f"{_terms(scene)}\n\n"
            "They have not answered yet.",
            buttons=(scene.option("cancel_offer", "Cancel the offer"), scene.link("outgoing", "Back")),
        )
    ]


def _show_gone(scene: TurnContext) -> Sequence[Message]:
    return [
        Buttons(
            body="That offer is no longer waiting: it was accepted, declined or cancelled, or it ended after two days.",
            buttons=(
                scene.link("incoming", "Incoming offers"),
                scene.link("outgoing", "Outgoing offers"),
                show.menu(scene),
            ),
        )
    ]


def _way_steps(way: Direction) -> tuple[Question | CoreCall, ...]:
    listed = f"{way.place}_list"
    return (
        CoreCall(
            way.place,
            call=lambda _: Login(fresh=True),
            result=_fetched(way),
            exits={
                "some": listed,
                "none": f"{way.place}_none",
                **ASTRAY,
            },
        ),
        Question(listed, "list", _list(way), again=way.place, interruptible=True),
        Question(f"{way.place}_none", "buttons", _empty(way), interruptible=True),
    )


PENDING = Flow(
    name="pending",
    title="Pending offers: accept, decline, cancel",
    left="Nothing was changed.",
    expired="That was left for more than five minutes, so I let it go. Nothing was changed.",
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
                **ASTRAY,
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
        *DEEDS,
    ),
)
