"""A business account, by questions or by a form: name, denomination, handle, a look at what will be stored, opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from service.conversation import Chosen, CoreCall, Exit, Flow, Question, Reply, Retry, TurnContext, Typed
from service.domain import AccountName, Dashboard, Denomination, Handle, HandleRefused, NameRefused, Tier
from service.domain.commands import Call, DidNotHappen, Done, Known, Login, Outcome, Refused, Unavailable
from service.flows import formatting
from service.flows.confirming import unless_cancelled
from service.flows.forms import BUSINESS as PAPER
from service.flows.forms import Forms, form_step
from service.flows.greeting import DASHBOARD_FAILED_EXITS, dashboard_failed
from service.messages import Button, Buttons, List, Message, Section, Text
from service.writes.open_account import OpenAccount

__all__ = ("business",)

SEVERAL_FROM_TIER: Final = Tier.HUSTLER
"""Members of lower tiers have one account; core decides, here it is only said beforehand."""

_UNITS: Final = {
    Denomination.USD: "US dollars",
    Denomination.ZWG: "Zimbabwe Gold",
    Denomination.CXX: "Credex's own unit",
    Denomination.CAD: "Canadian dollars",
    Denomination.XAU: "Ounces of gold",
}

_KEPT: Final = "Credex keeps only the letters A to Z, digits, spaces and hyphens."


# -- what it is called ----------------------------------------------------------------------------------------------


def _begun(outcome: Outcome, _: TurnContext) -> Exit:
    match outcome:
        case Known(value=Dashboard() as dashboard) if dashboard.account():
            pass
        case _:
            return dashboard_failed(outcome)
    several = dashboard.tier is None or dashboard.tier >= SEVERAL_FROM_TIER
    if several or not any(account.owned for account in dashboard.accounts):
        return Exit("ask")
    return Exit(
        "ask",
        preface="⚠️ More than one account needs the hustler tier, which you do not have yet. Credex may refuse. "
        "Type *upgrade* to read about it.",
    )


def _ask_name(_: TurnContext) -> Sequence[Message]:
    return [Text("What is the business called? For example: Moyo Hardware.")]


def _read_name(reply: Reply, _: TurnContext) -> Exit | Retry:
    try:
        name = AccountName.read(reply.text if isinstance(reply, Typed) else "")
    except NameRefused as refused:
        return Retry(str(refused))
    return Exit("ok", {"name": name.stored, "name_typed": name.typed})


def _ask_denomination(context: TurnContext) -> Sequence[Message]:
    rows = tuple(context.choice(unit.value, unit.value, words) for unit, words in _UNITS.items())
    return [
        List(
            body="Which denomination shall it count in?\n\nIt can hold the others as well.",
            button="Choose",
            sections=(Section(rows=rows),),
        )
    ]


def _read_denomination(reply: Reply, _: TurnContext) -> Exit | Retry:
    return Exit("ok", {"denomination": reply.value}) if isinstance(reply, Chosen) else Retry("")


def _ask_handle(_: TurnContext) -> Sequence[Message]:
    return [
        Text(
            "Which handle shall it have? Others use it to send offers.\n\n"
            "3 to 30 letters, digits or _, for example: moyo_hardware."
        )
    ]


def _read_handle(reply: Reply, _: TurnContext) -> Exit | Retry:
    try:
        return Exit("ok", {"handle": str(Handle.typed(reply.text if isinstance(reply, Typed) else ""))})
    except HandleRefused as refused:
        return Retry(str(refused))


def _read_form(answers: Mapping[str, str]) -> Exit | Retry:
    try:
        name, handle = AccountName.read(answers.get("name", "")), Handle.typed(answers.get("handle", ""))
    except (NameRefused, HandleRefused) as refused:
        return Retry(str(refused))
    denomination = answers.get("denomination", "")
    if denomination not in set(Denomination):
        return Retry(f"Please choose one of the denominations: {', '.join(_UNITS)}.")
    learnt = {"name": name.stored, "name_typed": name.typed, "denomination": denomination, "handle": str(handle)}
    return Exit("ok", learnt)


# -- is it right ----------------------------------------------------------------------------------------------------


def _confirm(context: TurnContext) -> Sequence[Message]:
    name, typed = context.answers["name"], context.answers["name_typed"]
    changed = f"You typed “{typed}”. {_KEPT}\n\n" * (name != typed)
    return [
        Buttons(
            body=f"{changed}Open this account?\n\n*{name}*\nHandle: {context.answers['handle']}\n"
            f"Denomination: {context.answers['denomination']}",
            buttons=(
                context.option("confirm", "Confirm"),
                context.option("change", "Change it"),
                context.option("cancel", "Cancel"),
            ),
        )
    ]


# -- what came of it ------------------------------------------------------------------------------------------------


def _open(context: TurnContext) -> Call:
    answers = context.answers
    return OpenAccount(answers["name"], answers["handle"], Denomination(answers["denomination"]))


def _opened(outcome: Outcome, context: TurnContext) -> Exit:
    handle = context.answers["handle"]
    match outcome:
        case Done(dashboard=dashboard):
            accounts = dashboard.accounts if dashboard else ()
            new = next((account.account_id for account in accounts if account.handle == handle), "")
            return Exit("opened", {"opened": new})
        case Refused(code="duplicate_handle" | "duplicate_phone"):
            return Exit("taken", preface=f"The handle “{handle}” is taken. No account was opened yet.")
        case Refused(code="tier"):
            return Exit("tier")
        case Refused(code=code):
            return Exit("refused", {"reason": code})
        case DidNotHappen() | Unavailable():
            return Exit("not_done", {"looked": "yes" * isinstance(outcome, DidNotHappen)})
        case _:
            return Exit("unknown")


def _show_opened(context: TurnContext) -> Sequence[Message]:
    opened = context.answers.get("opened")
    act: Button = context.link("switch", "Act for it", opened) if opened else context.link("accounts", "Accounts")
    return [
        Buttons(
            body=f"✅ The account *{context.answers['name']}* is open.\n\n"
            f"Its handle is {context.answers['handle']}: others can send offers to it.",
            buttons=(act, formatting.menu(context)),
        )
    ]


def _show_tier(context: TurnContext) -> Sequence[Message]:
    return [
        Buttons(
            body=f"Credex refused to open *{context.answers['name']}*: more than one account needs the hustler tier."
            "\n\nNo account was opened.",
            buttons=(context.link("upgrade", "Upgrade"), formatting.menu(context)),
        )
    ]


def _show_refused(context: TurnContext) -> Sequence[Message]:
    why = formatting.explain_refusal(context.answers["reason"])
    return [
        Buttons(
            body=f"Credex refused to open *{context.answers['name']}*: {why}.\n\nNo account was opened.",
            buttons=(context.option("change", "Change it"), formatting.menu(context)),
        )
    ]


def _show_not_done(context: TurnContext) -> Sequence[Message]:
    return [
        Buttons(
            body=f"{formatting.why_not_done(context)} the account *{context.answers['name']}* was *not* opened.",
            buttons=(context.option("again", "Try again"), formatting.menu(context)),
        )
    ]


def _show_unknown(context: TurnContext) -> Sequence[Message]:
    return [
        Buttons(
            body="Credex did not answer clearly. I do *not know yet* whether the account "
            f"*{context.answers['name']}* was opened.\n\nI keep looking and will tell you.",
            buttons=(context.link("accounts", "Accounts"), formatting.menu(context)),
        )
    ]


def _show_reconciled(call: Call, outcome: Outcome, context: TurnContext) -> Sequence[Message]:
    if not isinstance(call, OpenAccount):
        return []
    account = f"the account *{call.name}* (handle {call.handle})"
    match outcome:
        case Done():
            body = f"✅ I looked again: {account} is open."
        case DidNotHappen() | Refused():
            body = f"I looked again: {account} was *not* opened. You can try again."
        case _:
            body = f"I could not find out whether {account} was opened, and I have stopped looking."
    return [Buttons(body=body, buttons=(context.link("accounts", "Accounts"), formatting.menu(context)))]


def business(forms: Forms | None = None) -> Flow:
    """The flow; with ``forms`` all is asked by one form, and by questions only where that cannot be opened."""
    asks = [
        Question("name", "text", _ask_name, {"ok": "denomination"}, _read_name),
        Question("denomination", "list", _ask_denomination, {"ok": "handle"}, _read_denomination),
        Question("handle", "text", _ask_handle, {"ok": "confirm"}, _read_handle),
    ]
    if forms is not None:
        form = form_step(
            "form",
            forms,
            PAPER,
            form_id=forms.business,
            body="Please fill in what the business is called, its denomination and its handle.",
            exits={"ok": "confirm", "questions": "name"},
            read=_read_form,
        )
        asks.insert(0, form)
    first = asks[0].name
    return Flow(
        name="business",
        title="A business account: name, denomination, handle",
        cancelled_text="No account was opened.",
        expired_text="That was left for more than five minutes, so I let it go. No account was opened.",
        steps=(
            CoreCall("begin", call=lambda _: Login(), result=_begun, exits={"ask": first, **DASHBOARD_FAILED_EXITS}),
            *asks,
            Question(
                "confirm",
                "buttons",
                _confirm,
                {"confirm": "open", "change": first, "cancel": "greeting.look_up"},
                unless_cancelled("No account was opened."),
                confirms=True,
            ),
            CoreCall(
                "open",
                call=_open,
                result=_opened,
                on_reconciled=_show_reconciled,
                exits={
                    "opened": "opened",
                    "taken": "handle" if forms is None else first,
                    "tier": "tier_refused",
                    "refused": "refused",
                    "not_done": "not_done",
                    "unknown": "unknown",
                },
            ),
            Question("opened", "buttons", _show_opened, interruptible=True),
            Question("tier_refused", "buttons", _show_tier, interruptible=True),
            Question("refused", "buttons", _show_refused, {"change": first}, interruptible=True),
            Question("not_done", "buttons", _show_not_done, {"again": "confirm"}, interruptible=True),
            Question("unknown", "buttons", _show_unknown, interruptible=True),
        ),
    )
