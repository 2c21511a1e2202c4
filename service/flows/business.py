"""A business account, by questions or by a form: name, denomination, handle, a check of what will be stored, opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from service.conversation import Chosen, Exit, Flow, Question, Reply, Retry, TurnContext
from service.domain import AccountName, Dashboard, Denomination, Handle, HandleRefused, NameRefused, Tier
from service.domain.commands import DidNotHappen, Done, Outcome, Refused
from service.flows import formatting
from service.flows.confirmed_write import WriteAnswers, confirmed_write, failure_screens
from service.flows.forms import BUSINESS as BINDING
from service.flows.forms import Forms, form_step
from service.flows.login import read_dashboard
from service.flows.screens import MENU, ask, choose, link, option, read_handle, screen, typed
from service.messages import Button, Message
from service.writes.open_account import OpenAccount

SEVERAL_FROM_TIER: Final = Tier.HUSTLER
"""Members of lower tiers have one account; core decides, so the bot only warns."""

_UNITS: Final = {
    Denomination.USD: "US dollars",
    Denomination.ZWG: "Zimbabwe Gold",
    Denomination.CXX: "Credex's own unit",
    Denomination.CAD: "Canadian dollars",
    Denomination.XAU: "Ounces of gold",
}


class BusinessAnswers(WriteAnswers, frozen=True):
    """The account to be opened, and, once it is, its id (in ``opened``)."""

    name: str = ""
    name_typed: str = ""
    denomination: Denomination = Denomination.USD
    handle: str = ""
    opened: str = ""


Context = TurnContext[BusinessAnswers]


def _begun(dashboard: Dashboard, _: Context) -> Exit:
    several = dashboard.tier is None or dashboard.tier >= SEVERAL_FROM_TIER
    if several or not any(account.owned for account in dashboard.accounts):
        return Exit("ask")
    return Exit(
        "ask",
        preface="⚠️ More than one account needs the hustler tier, which you do not have yet. Credex may refuse. "
        "Type *upgrade* to read about it.",
    )


def _read_name(reply: Reply, context: Context) -> Exit | Retry:
    try:
        name = AccountName.read(typed(reply))
    except NameRefused as refused:
        return Retry(str(refused))
    return context.exit("ok", name=name.stored, name_typed=name.typed)


def _ask_denomination(context: Context) -> Sequence[Message]:
    rows = [context.choice(unit.value, unit.value, title) for unit, title in _UNITS.items()]
    return choose("Which denomination shall it count in?\n\nIt can hold the others as well.", rows)


def _read_denomination(reply: Reply, context: Context) -> Exit | Retry:
    if not isinstance(reply, Chosen):
        return Retry("")
    return context.exit("ok", denomination=Denomination(reply.value))


def _read_form(form: Mapping[str, str]) -> Exit | Retry:
    try:
        name, handle = AccountName.read(form.get("name", "")), Handle.typed(form.get("handle", ""))
    except (NameRefused, HandleRefused) as refused:
        return Retry(str(refused))
    denomination = form.get("denomination", "")
    if denomination not in set(Denomination):
        return Retry(f"Please choose one of the denominations: {', '.join(_UNITS)}.")
    return Exit(
        "ok",
        BusinessAnswers(
            name=name.stored, name_typed=name.typed, denomination=Denomination(denomination), handle=handle.text
        ),
    )


def _questions(forms: Forms | None) -> list[Question]:
    questions = [
        ask("name", "What is the business called? For example: Moyo Hardware.", {"ok": "denomination"}, _read_name),
        Question("denomination", "list", _ask_denomination, {"ok": "handle"}, _read_denomination),
        ask(
            "handle",
            "Which handle shall it have? Others use it to send offers.\n\n"
            "3 to 30 letters, digits or _, for example: moyo_hardware.",
            {"ok": "confirm"},
            read_handle,
        ),
    ]
    if forms is None:
        return questions
    form = form_step(
        "form",
        forms,
        BINDING,
        form_id=forms.business,
        body="Please fill in what the business is called, its denomination and its handle.",
        exits={"ok": "confirm", "questions": "name"},
        read=_read_form,
    )
    return [form, *questions]


def _confirm(context: Context) -> str:
    answers = context.answers
    account = f"Open this account?\n\n*{answers.name}*\nHandle: {answers.handle}\nDenomination: {answers.denomination}"
    if answers.name == answers.name_typed:
        return account
    return (
        f"You typed “{answers.name_typed}”. Credex keeps only the letters A to Z, digits, spaces and hyphens."
        f"\n\n{account}"
    )


def _open(context: Context) -> OpenAccount:
    return OpenAccount(context.answers.name, context.answers.handle, context.answers.denomination)


def _finished(outcome: Outcome, context: Context) -> Exit | None:
    handle = context.answers.handle
    match outcome:
        case Done(dashboard=dashboard):
            accounts = dashboard.accounts if dashboard else ()
            opened = next((account.account_id for account in accounts if account.handle == handle), "")
            return context.exit("opened", opened=opened)
        case Refused(code="duplicate_handle" | "duplicate_phone"):
            return Exit("taken", preface=f"The handle “{handle}” is taken. No account was opened yet.")
        case Refused(code="tier"):
            return Exit("tier")
        case _:
            return None


def _act_for_it(context: Context) -> Button:
    opened = context.answers.opened
    return context.link("switch", "Act for it", opened) if opened else context.link("accounts", "Accounts")


def _reconciled(call: OpenAccount, outcome: Outcome, _: Context) -> str:
    account = f"*{call.name}* (handle {call.handle})"
    match outcome:
        case Done():
            return f"✅ I looked again: the account {account} is open."
        case DidNotHappen() | Refused():
            return f"I looked again: the account {account} was *not* opened. You can try again."
        case _:
            return f"I could not find out whether the account {account} was opened, and I have stopped looking."


_LINKS: Final = (link("accounts", "Accounts"), MENU)


def _screens(first: str) -> tuple[Question, ...]:
    return (
        screen(
            "opened",
            lambda context: (
                f"✅ The account *{context.answers.name}* is open.\n\n"
                f"Its handle is {context.answers.handle}: others can send offers to it."
            ),
            _act_for_it,
            MENU,
        ),
        screen(
            "tier_refused",
            lambda context: (
                f"Credex refused to open *{context.answers.name}*: "
                "more than one account needs the hustler tier.\n\nNo account was opened."
            ),
            link("upgrade", "Upgrade"),
            MENU,
        ),
        *failure_screens(
            refused=lambda context: (
                f"Credex refused to open *{context.answers.name}*: "
                f"{formatting.explain_refusal(context.answers.reason or '')}.\n\nNo account was opened."
            ),
            refused_buttons=(option("change", "Change it"), MENU),
            refused_exits={"change": first},
            did_not_happen=lambda context: (
                f"Credex did not take it, and I have looked: the account *{context.answers.name}* was *not* opened."
            ),
            not_sent=lambda context: (
                f"I could not reach Credex, so the account *{context.answers.name}* was *not* opened."
            ),
            unknown=lambda context: (
                "Credex did not answer clearly. I do *not know yet* whether the account "
                f"*{context.answers.name}* was opened.\n\nI keep looking and will tell you."
            ),
            again="confirm",
            links=_LINKS,
        ),
    )


def business(forms: Forms | None = None) -> Flow:
    """The flow; with ``forms`` one form asks for everything, and questions only where it cannot be opened."""
    questions = _questions(forms)
    first = questions[0].name
    return Flow(
        name="business",
        title="A business account: name, denomination, handle",
        answers=BusinessAnswers,
        routes={"open_business": "begin"},
        cancelled_text="No account was opened.",
        expired_text="That was left for more than five minutes, so I let it go. No account was opened.",
        steps=(
            read_dashboard("begin", _begun, {"ask": first}, fresh=False),
            *questions,
            *confirmed_write(
                "open",
                question=_confirm,
                options=(option("change", "Change it"),),
                option_exits={"change": first},
                cancelled="No account was opened.",
                call=_open,
                result=_finished,
                exits={"opened": "opened", "taken": "handle" if forms is None else first, "tier": "tier_refused"},
                reconciled=_reconciled,
                links=_LINKS,
            ),
            *_screens(first),
        ),
    )
