"""Offer: an amount, a handle, a look at what will be promised, and the promise."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec

from service.domain import (
    Account,
    AmountError,
    Dashboard,
    Denomination,
    Handle,
    HandleRefused,
    Money,
    Recipient,
    read_amount,
)
from service.engine import Ask, CallCore, Chosen, Exit, Flow, Reply, Retry, Scene, Shortcut, Typed
from service.engine.calls import (
    Call,
    CreateOffer,
    Done,
    Doubtful,
    FindAccount,
    Known,
    Login,
    NotDone,
    NotFound,
    Outcome,
    Refused,
    Unavailable,
)
from service.flows import show
from service.flows.dashboard import acting, seen
from service.flows.greeting import ASTRAY, astray
from service.messages import Button, Buttons, Message, Text

__all__ = ("OFFER", "SHORTCUT")

_SHORTCUT = re.compile(r"([^=<>]+?) ?= ?> ?(.+)")


def _read_shortcut(text: str) -> Mapping[str, str] | Retry | None:
    match = _SHORTCUT.fullmatch(" ".join(text.split()))
    if match is None:
        return None
    try:
        return {"typed": match[1], "handle": str(Handle.typed(match[2]))}
    except HandleRefused as refused:
        return Retry(f"{refused} Type it like this: 0.5=>farai_shop")


SHORTCUT = Shortcut(_read_shortcut, "offer.begin")


# -- how much -------------------------------------------------------------------------------------------------------


def _begun(outcome: Outcome, scene: Scene) -> Exit:
    match outcome:
        case Known(value=Dashboard() as dashboard) if dashboard.account():
            account = acting(scene)
        case _:
            return astray(outcome)
    learnt = {
        "account": account.account_id,
        "account_name": account.name,
        "denomination": account.default_denomination.value,
    }
    typed = scene.answers.get("typed")
    if not typed:
        return Exit("ask", learnt)
    try:
        amount = read_amount(typed, default=account.default_denomination)
    except AmountError as error:
        return Exit("ask", {**learnt, "typed": ""}, preface=str(error))
    return Exit("typed", {**learnt, "typed": "", "amount": str(amount)})


def _how_much(scene: Scene) -> Sequence[Message]:
    if scene.value is None:  # asked again: what the member has was said a moment ago
        return [Text("How much do you want to offer?")]
    account = acting(scene)
    have = ", ".join(str(balance) for balance in account.balances) or "nothing yet"
    lines = [
        "How much do you want to offer?",
        "",
        f"Your balance: about {have}.",
        *show.limit(seen(scene)),
        "",
        f"For example: 5, 12.50 or ZWG 1,000. Without a code I take {account.default_denomination}.",
    ]
    return [Text("\n".join(lines))]


def _read_amount(reply: Reply, scene: Scene) -> Exit | Retry:
    try:
        default = Denomination(scene.answers["denomination"])
        amount = read_amount(reply.text if isinstance(reply, Typed) else "", default=default)
    except AmountError as error:
        return Retry(str(error))
    return Exit("handle_known" if scene.answers.get("handle") else "ok", {"amount": str(amount)})


# -- to whom --------------------------------------------------------------------------------------------------------


def _to_whom(_: Scene) -> Sequence[Message]:
    return [Text("Who is it for? Please type their handle, for example: farai_shop.")]


def _read_handle(reply: Reply, _: Scene) -> Exit | Retry:
    try:
        return Exit("ok", {"handle": str(Handle.typed(reply.text if isinstance(reply, Typed) else ""))})
    except HandleRefused as refused:
        return Retry(str(refused))


def _looked_up(outcome: Outcome, scene: Scene) -> Exit:
    handle = scene.answers["handle"]
    match outcome:
        case Known(value=Recipient() as recipient) if recipient.account_id == scene.answers["account"]:
            return Exit("not_found", {"handle": ""}, preface="That is your own account. Please give another handle.")
        case Known(value=Recipient() as recipient):
            return Exit("found", {"receiver": recipient.account_id, "receiver_name": recipient.name})
        case NotFound() | Refused():
            missing = f"No account has the handle “{handle}”. Please check it and type it again."
            return Exit("not_found", {"handle": ""}, preface=missing)
        case _:
            return Exit("away")


# -- is it right ----------------------------------------------------------------------------------------------------


def _weighed(outcome: Outcome, _: Scene) -> Exit:
    match outcome:
        case Known(value=Dashboard() as dashboard) if dashboard.account():
            return Exit("ok")
        case _:
            return astray(outcome)


def _confirm(scene: Scene) -> Sequence[Message]:
    amount = _amount(scene)
    lines = [
        *_warnings(seen(scene), acting(scene), scene),
        f"Offer *{amount}* to\n*{_receiver(scene)}* ({scene.answers['handle']})?",
        "",
        f"From: {show.name(scene.answers['account_name'])}",
        "Secured: it comes out of your balance.",
    ]
    return [Buttons(body="\n".join(lines), buttons=_confirm_or_cancel(scene))]


def _confirm_or_cancel(scene: Scene) -> tuple[Button, ...]:
    return (scene.option("confirm", "Confirm"), scene.option("cancel", "Cancel"))


def _warnings(dashboard: Dashboard, account: Account, scene: Scene) -> list[str]:
    """What we know of limits may be wrong both ways, so it warns and never refuses: core decides."""
    amount, lines = _amount(scene), []
    balance = account.balance(amount.denomination)
    if amount.amount > balance.amount:
        lines.append(f"⚠️ That is more than your balance of about {balance}. Credex may refuse it.")
    remaining = dashboard.remaining_today
    if remaining is not None and amount.denomination is Denomination.USD and amount.amount > remaining:
        lines.append(f"⚠️ You can still offer {show.usd(remaining)} today. Credex may refuse more.")
    receiver = scene.answers["receiver_name"]
    if any(offer.counterparty == receiver and offer.amount.equals(amount) for offer in account.outgoing):
        lines.append("⚠️ You already have an offer of this amount to them that they have not answered.")
    return [*lines, ""] if lines else []


def _read_confirm(reply: Reply, _: Scene) -> Exit | Retry:
    match reply:
        case Chosen(value="confirm"):
            return Exit("confirm")
        case Chosen():
            return Exit("cancel", preface="Cancelled. Nothing was offered.")
        case _:
            return Retry("")


def _read_doubt(reply: Reply, scene: Scene) -> Exit | Retry:
    way = _read_confirm(reply, scene)
    if isinstance(way, Exit) and way.name == "cancel":
        return Exit("cancel", preface="Cancelled. Nothing more was offered.")
    return way


# -- what came of it ------------------------------------------------------------------------------------------------


def _create(scene: Scene) -> CreateOffer:
    answers = scene.answers
    return CreateOffer(answers["account"], answers["receiver"], answers["receiver_name"], _amount(scene))


def _create_despite(scene: Scene) -> Call:
    return msgspec.structs.replace(_create(scene), despite=True)


def _sent(outcome: Outcome, _: Scene) -> Exit:
    match outcome:
        case Done(accepted=accepted):
            return Exit("sent", {"accepted": "yes" * accepted})
        case Refused(code=code):
            return Exit("refused", {"reason": code})
        case NotDone() | Unavailable() | NotFound():
            return Exit("not_done", {"looked": "yes" * isinstance(outcome, NotDone)})
        case Doubtful(made=made):
            return Exit("doubtful", {"made": "yes" * made})
        case _:
            return Exit("unknown")


def _show_sent(scene: Scene) -> Sequence[Message]:
    done = scene.outcome
    balance = ""
    if isinstance(done, Done) and done.dashboard:
        account = done.dashboard.account(scene.answers["account"])
        balance = f" Your balance is now {account.balance(_amount(scene).denomination)}." if account else ""
    waits = _waits(accepted=bool(scene.answers.get("accepted")))
    checked = "Credex answered unclearly, so I looked: it is there.\n\n" * (isinstance(done, Done) and done.proven)
    return [
        Buttons(
            body=f"{checked}✅ You offered *{_amount(scene)}* to *{_receiver(scene)}*.\n\n{waits}{balance}",
            buttons=(scene.link("offer", "Offer again"), scene.link("outgoing", "Outgoing offers"), show.menu(scene)),
        )
    ]


def _waits(*, accepted: bool) -> str:
    return "They have accepted it already." if accepted else "They have two days to accept it."


def _show_refused(scene: Scene) -> Sequence[Message]:
    why = show.explain_refusal(scene.answers["reason"])
    return [
        Buttons(
            body=f"Credex refused the offer of *{_amount(scene)}* to *{_receiver(scene)}*: {why}.\n\n"
            "Nothing was offered.",
            buttons=(scene.option("amount", "Another amount"), show.menu(scene)),
        )
    ]


def _show_not_done(scene: Scene) -> Sequence[Message]:
    return [
        Buttons(
            body=f"{show.why_not_done(scene)} your offer of *{_amount(scene)}* to *{_receiver(scene)}* was *not* made.",
            buttons=(scene.option("again", "Try again"), show.menu(scene)),
        )
    ]


def _show_unknown(scene: Scene) -> Sequence[Message]:
    return [
        Buttons(
            body="Credex did not answer clearly. I do *not know yet* whether your offer of "
            f"*{_amount(scene)}* to *{_receiver(scene)}* was made.\n\n"
            "I keep looking and will tell you. Please do not offer it again until then.",
            buttons=(scene.link("outgoing", "Outgoing offers"), show.menu(scene)),
        )
    ]


def _show_doubt(scene: Scene) -> Sequence[Message]:
    offer = f"an earlier offer of *{_amount(scene)}* to *{_receiver(scene)}*"
    if scene.answers.get("made"):
        body = f"⚠️ I looked first: {offer} was made after all.\n\nOffer the same once more?"
    else:
        body = (
            f"⚠️ Not sent yet: {offer} may have been made; Credex has not told me.\n\n"
            "Offer it all the same? It could be there twice."
        )
    return [Buttons(body=body, buttons=_confirm_or_cancel(scene))]


def _told_later(call: Call, outcome: Outcome, scene: Scene) -> Sequence[Message]:
    if not isinstance(call, CreateOffer):
        return []
    offer = f"your offer of *{call.amount}* to *{show.name(call.receiver_name)}*"
    match outcome:
        case Done(accepted=accepted):
            body = f"✅ I looked again: {offer} was made. {_waits(accepted=accepted)}"
        case NotDone():
            body = f"I looked again: {offer} was *not* made. You can offer it again."
        case _:
            body = (
                f"I could not find out what became of {offer}, and I have stopped looking. "
                "Please check your balance, or ask them."
            )
    return [Buttons(body=body, buttons=(scene.link("outgoing", "Outgoing offers"), show.menu(scene)))]


def _amount(scene: Scene) -> Money:
    return Money.displayed(scene.answers["amount"])


def _receiver(scene: Scene) -> str:
    return show.name(scene.answers["receiver_name"])


_RESULTS = {
    "sent": "sent",
    "refused": "refused",
    "not_done": "not_done",
    "doubtful": "doubt",
    "unknown": "unknown",
}

OFFER = Flow(
    name="offer",
    title="Offer: a credex to another member",
    left="Nothing was offered.",
    expired="Your offer was left for more than five minutes, so I let it go. Nothing was offered.",
    steps=(
        CallCore(
            "begin",
            call=lambda _: Login(),
            result=_begun,
            exits={
                "ask": "amount",
                "typed": "look_up",
                **ASTRAY,
            },
        ),
        Ask("amount", "text", _how_much, {"ok": "handle", "handle_known": "look_up"}, _read_amount),
        Ask("handle", "text", _to_whom, {"ok": "look_up"}, _read_handle),
        CallCore(
            "look_up",
            call=lambda scene: FindAccount(scene.answers["handle"]),
            result=_looked_up,
            exits={"found": "weigh", "not_found": "handle", "away": "greeting.away"},
        ),
        CallCore("weigh", call=lambda _: Login(), result=_weighed, exits={"ok": "confirm", **ASTRAY}),
        Ask(
            "confirm",
            "buttons",
            _confirm,
            {"confirm": "create", "cancel": "greeting.look_up"},
            _read_confirm,
            confirms=True,
            again="weigh",
        ),
        CallCore("create", call=_create, result=_sent, found=_told_later, exits=_RESULTS),
        Ask("sent", "buttons", _show_sent, resting=True),
        Ask("refused", "buttons", _show_refused, {"amount": "begin"}, resting=True),
        Ask("not_done", "buttons", _show_not_done, {"again": "weigh"}, resting=True),
        Ask("unknown", "buttons", _show_unknown, resting=True),
        Ask(
            "doubt",
            "buttons",
            _show_doubt,
            {"confirm": "create_despite", "cancel": "greeting.look_up"},
            _read_doubt,
            confirms=True,
        ),
        CallCore("create_despite", call=_create_despite, result=_sent, found=_told_later, exits=_RESULTS),
    ),
)
