"""Pending offers: what waits for the member, what they wait for, and what can be done about each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from service.domain import Account, Dashboard, Money, Offer
from service.engine import Ask, CallCore, Chosen, Exit, Flow, Reply, Retry, Scene
from service.engine.calls import (
    AcceptOffer,
    Call,
    CancelOffer,
    DeclineOffer,
    Done,
    Known,
    Login,
    NotDone,
    NotFound,
    Outcome,
    Refused,
    Unavailable,
)
from service.flows import show
from service.flows.dashboard import acting
from service.messages import Button, Buttons, List, Message, Row, Section

__all__ = ("PENDING",)

PAGE = 8
"""Offers on one page: with "next", and "menu", ten rows, which is all that WhatsApp shows."""


# -- the lists ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Way:
    """One of the two directions."""

    place: str
    title: str
    empty: str
    preposition: str
    pick: Callable[[Account], tuple[Offer, ...]]


_INCOMING = _Way(
    "incoming", "Offers that wait for you", "No offers wait for you.", "from", lambda account: account.incoming
)
_OUTGOING = _Way(
    "outgoing", "Your offers that wait", "You have no offers waiting.", "to", lambda account: account.outgoing
)


def _fetched(way: _Way) -> Callable[[Outcome, Scene], Exit]:
    def result(outcome: Outcome, scene: Scene) -> Exit:
        match outcome:
            case Known(value=Dashboard() as dashboard) if dashboard.account():
                return Exit("some" if way.pick(acting(scene)) else "none")
            case NotFound():
                return Exit("stranger")
            case _:
                return Exit("away")

    return result


def _list(way: _Way) -> Callable[[Scene], Sequence[Message]]:
    def screen(scene: Scene) -> Sequence[Message]:
        offers = way.pick(acting(scene))
        pages = -(-len(offers) // PAGE)
        asked = scene.answers.get("target", "1")
        page = min(int(asked), pages) if asked.isdecimal() and asked.isascii() and len(asked) < PAGE else 1
        page = max(page, 1)
        shown = offers[(page - 1) * PAGE : page * PAGE]
        rows = [_row(scene, way, offer) for offer in shown]
        if pages > 1:
            following = page % pages + 1
            title = "Next page" if following > page else "First page"
            rows.append(scene.entry(way.place, title, f"Page {following} of {pages}", str(following)))
        rows.append(scene.entry("menu", "Menu"))
        where = f" (page {page} of {pages})" if pages > 1 else ""
        return [
            List(body=f"{way.title}: {len(offers)}{where}.", button="Choose", sections=(Section(rows=tuple(rows)),))
        ]

    return screen


def _row(scene: Scene, way: _Way, offer: Offer) -> Row:
    kind = "" if offer.secured else ", without backing"
    return scene.entry(
        "open", str(offer.amount), f"{way.preposition} {show.name(offer.counterparty, 50)}{kind}", offer.credex_id
    )


def _empty(way: _Way) -> Callable[[Scene], Sequence[Message]]:
    return lambda scene: [Buttons(body=way.empty, buttons=(_menu(scene),))]


# -- one offer ------------------------------------------------------------------------------------------------------


def _opened(outcome: Outcome, scene: Scene) -> Exit:
    match outcome:
        case Known(value=Dashboard() as dashboard):
            pass
        case NotFound():
            return Exit("stranger")
        case _:
            return Exit("away")
    wanted = scene.answers.get("target", "")
    for account in dashboard.accounts:
        for way in (_INCOMING, _OUTGOING):
            for offer in way.pick(account):
                if offer.credex_id == wanted:
                    return Exit(way.place, _learnt(account, offer))
    return Exit("gone")


def _learnt(account: Account, offer: Offer) -> dict[str, str]:
    return {
        "account": account.account_id,
        "credex": offer.credex_id,
        "amount": str(offer.amount),
        "party": offer.counterparty,
        "kind": "secured" if offer.secured else "without backing",
        "due": show.day(offer.due) if offer.due else "",
    }


def _terms(scene: Scene) -> str:
    due = scene.answers["due"]
    return f"It is {scene.answers['kind']}{f', due on {due}' if due else ''}."


def _show_incoming(scene: Scene) -> Sequence[Message]:
    return [
        Buttons(
            body=f"*{_amount(scene)}* offered to you by *{_party(scene)}*.\n{_terms(scene)}\n\n"
            "If you accept, they owe you this amount.",
            buttons=(
                scene.option("accept", "Accept"),
                scene.option("decline", "Decline"),
                scene.link("incoming", "Back"),
            ),
        )
    ]


def _show_outgoing(scene: Scene) -> Sequence[Message]:
    return [
        Buttons(
            body=f"You offered *{_amount(scene)}* to *{_party(scene)}*.\n{_terms(scene)}\n\n"
            "They have not answered yet.",
            buttons=(scene.option("cancel_offer", "Cancel the offer"), scene.link("outgoing", "Back")),
        )
    ]


def _show_gone(scene: Scene) -> Sequence[Message]:
    return [
        Buttons(
            body="That offer is no longer waiting: it was accepted, declined or cancelled, or it ended after two days.",
            buttons=(
                scene.link("incoming", "Incoming offers"),
                scene.link("outgoing", "Outgoing offers"),
                _menu(scene),
            ),
        )
    ]


# -- what to do with it ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Deed:
    """One of the three things that can be done with a pending offer."""

    name: str
    call: type[AcceptOffer | DeclineOffer | CancelOffer]
    question: str
    done: str
    offer: str


_ACCEPT = _Deed(
    "accept",
    AcceptOffer,
    "Accept *{amount}* from *{party}*?\n\nThey will then owe you this amount.",
    "✅ You accepted *{amount}* from *{party}*. They now owe you this amount.",
    "the offer of *{amount}* from *{party}*",
)
_DECLINE = _Deed(
    "decline",
    DeclineOffer,
    "Decline *{amount}* from *{party}*?\n\nThe offer ends, and nobody owes anything.",
    "You declined *{amount}* from *{party}*. Nobody owes anything for it.",
    "the offer of *{amount}* from *{party}*",
)
_CANCEL = _Deed(
    "cancel_offer",
    CancelOffer,
    "Take back your offer of *{amount}* to *{party}*?\n\nThe offer ends, and you owe nothing for it.",
    "You took back your offer of *{amount}* to *{party}*. You owe nothing for it.",
    "your offer of *{amount}* to *{party}*",
)


def _words(text: str, scene: Scene) -> str:
    return text.format(amount=_amount(scene), party=_party(scene))


def _ask(deed: _Deed) -> Callable[[Scene], Sequence[Message]]:
    return lambda scene: [
        Buttons(
            body=_words(deed.question, scene),
            buttons=(scene.option("confirm", "Confirm"), scene.option("cancel", "Cancel")),
        )
    ]


def _read_confirm(reply: Reply, _: Scene) -> Exit | Retry:
    match reply:
        case Chosen(value="confirm"):
            return Exit("confirm")
        case Chosen():
            return Exit("cancel", preface="Nothing was changed.")
        case _:
            return Retry("")


def _do(deed: _Deed) -> Callable[[Scene], Call]:
    return lambda scene: deed.call(
        scene.answers["account"],
        scene.answers["credex"],
        Money.displayed(scene.answers["amount"]),
        scene.answers["party"],
    )


def _result(outcome: Outcome, _: Scene) -> Exit:
    match outcome:
        case Done(by_us=True):
            return Exit("done")
        case Done():
            return Exit("ended")
        case Refused(code="not_pending") | NotFound():
            return Exit("gone")
        case Refused(code=code):
            return Exit("refused", {"reason": code})
        case NotDone() | Unavailable():
            return Exit("not_done")
        case _:
            return Exit("unknown")


def _show_done(deed: _Deed) -> Callable[[Scene], Sequence[Message]]:
    def screen(scene: Scene) -> Sequence[Message]:
        balance = ""
        if isinstance(scene.outcome, Done) and scene.outcome.dashboard:
            account = scene.outcome.dashboard.account(scene.answers["account"])
            denomination = Money.displayed(scene.answers["amount"]).denomination
            balance = f"\n\nYour balance is now {account.balance(denomination)}." if account else ""
        return [
            Buttons(
                body=_words(deed.done, scene) + balance,
                buttons=(scene.link("outgoing" if deed is _CANCEL else "incoming", "Pending offers"), _menu(scene)),
            )
        ]

    return screen


def _show_ended(scene: Scene) -> Sequence[Message]:
    return [
        Buttons(
            body=f"The offer of *{_amount(scene)}* ({_party(scene)}) is no longer waiting. Credex did not answer "
            "clearly, so I cannot tell whether it was you or the other side who ended it. Your balance shows it.",
            buttons=(_menu(scene),),
        )
    ]


def _show_refused(scene: Scene) -> Sequence[Message]:
    why = show.explain_refusal(scene.answers["reason"])
    return [Buttons(body=f"Credex refused: {why}.\n\nNothing was changed.", buttons=(_menu(scene),))]


def _show_not_done(scene: Scene) -> Sequence[Message]:
    return [
        Buttons(
            body=f"I could not reach Credex, so nothing was changed: the offer of *{_amount(scene)}* "
            f"({_party(scene)}) still waits.",
            buttons=(scene.option("again", "Try again"), _menu(scene)),
        )
    ]


def _show_unknown(scene: Scene) -> Sequence[Message]:
    return [
        Buttons(
            body=f"Credex did not answer clearly. I do *not know yet* what became of the offer of *{_amount(scene)}* "
            f"({_party(scene)}).\n\nI keep looking and will tell you.",
            buttons=(_menu(scene),),
        )
    ]


def _told_later(deed: _Deed) -> Callable[[Call, Outcome, Scene], Sequence[Message]]:
    def told(call: Call, outcome: Outcome, scene: Scene) -> Sequence[Message]:
        if not isinstance(call, AcceptOffer | DeclineOffer | CancelOffer):
            return []
        words = {"amount": call.amount, "party": show.name(call.counterparty)}
        match outcome:
            case Done(by_us=True):
                body = f"I looked again. {deed.done.format(**words)}"
            case Done():
                body = (
                    f"I looked again: {deed.offer.format(**words)} is no longer waiting. I cannot tell whether it was "
                    "you or the other side who ended it. Your balance shows it."
                )
            case NotDone():
                body = f"I looked again: {deed.offer.format(**words)} still waits. Nothing was changed."
            case _:
                body = f"I could not find out what became of {deed.offer.format(**words)}, and I have stopped looking."
        return [Buttons(body=body, buttons=(_menu(scene),))]

    return told


def _menu(scene: Scene) -> Button:
    return scene.link("menu", "Menu")


def _amount(scene: Scene) -> str:
    return scene.answers["amount"]


def _party(scene: Scene) -> str:
    return show.name(scene.answers["party"])


def _deed_steps(deed: _Deed) -> tuple[Ask | CallCore, ...]:
    return (
        Ask(
            f"confirm_{deed.name}",
            "buttons",
            _ask(deed),
            {"confirm": deed.name, "cancel": "open"},
            _read_confirm,
            confirms=True,
        ),
        CallCore(
            deed.name,
            call=_do(deed),
            result=_result,
            found=_told_later(deed),
            exits={
                "done": f"{deed.name}_done",
                "ended": "ended",
                "gone": "gone",
                "refused": "refused",
                "not_done": "not_done",
                "unknown": "unknown",
            },
        ),
        Ask(f"{deed.name}_done", "buttons", _show_done(deed), resting=True),
    )


def _way_steps(way: _Way) -> tuple[Ask | CallCore, ...]:
    listed = f"{way.place}_list"
    return (
        CallCore(
            way.place,
            call=lambda _: Login(fresh=True),
            result=_fetched(way),
            exits={
                "some": listed,
                "none": f"{way.place}_none",
                "stranger": "registration.welcome",
                "away": "greeting.away",
            },
        ),
        Ask(listed, "list", _list(way), again=way.place, resting=True),
        Ask(f"{way.place}_none", "buttons", _empty(way), resting=True),
    )


PENDING = Flow(
    name="pending",
    title="Pending offers: accept, decline, cancel",
    left="Nothing was changed.",
    expired="That was left for more than five minutes, so I let it go. Nothing was changed.",
    steps=(
        *_way_steps(_INCOMING),
        *_way_steps(_OUTGOING),
        CallCore(
            "open",
            call=lambda _: Login(fresh=True),
            result=_opened,
            exits={
                "incoming": "incoming_offer",
                "outgoing": "outgoing_offer",
                "gone": "gone",
                "stranger": "registration.welcome",
                "away": "greeting.away",
            },
        ),
        Ask(
            "incoming_offer",
            "buttons",
            _show_incoming,
            {"accept": "confirm_accept", "decline": "confirm_decline"},
            resting=True,
        ),
        Ask("outgoing_offer", "buttons", _show_outgoing, {"cancel_offer": "confirm_cancel_offer"}, resting=True),
        *_deed_steps(_ACCEPT),
        *_deed_steps(_DECLINE),
        *_deed_steps(_CANCEL),
        Ask("gone", "buttons", _show_gone, resting=True),
        Ask("ended", "buttons", _show_ended, resting=True),
        Ask("refused", "buttons", _show_refused, resting=True),
        Ask("not_done", "buttons", _show_not_done, {"again": "open"}, resting=True),
        Ask("unknown", "buttons", _show_unknown, resting=True),
    ),
)
