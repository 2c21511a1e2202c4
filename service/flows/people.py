"""People of an account: who may act for it, who is told of new offers, and how its owner changes that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from service.conversation import CoreCall, Exit, Flow, Question, Reply, Retry, TurnContext, Typed
from service.domain import Account, Dashboard, Handle, HandleRefused, Person, Tier
from service.domain.commands import FindMember, Known, Login, NotFound, Outcome, Refused
from service.flows import formatting
from service.flows.authorisation import AUTHORISATION_STEPS
from service.flows.dashboard import acting, seen
from service.flows.greeting import DASHBOARD_FAILED_EXITS, dashboard_failed
from service.messages import Buttons, List, Message, Row, Section, Text

__all__ = ("PEOPLE",)

MOST_PEOPLE: Final = 5
"""So many may act for an account, its owner among them; core decides, here it is only said beforehand."""

AUTHORISING_TIER: Final = Tier.ENTREPRENEUR
"""Members of lower tiers act for their accounts alone."""

ROWS: Final = 8
"""People in the list: with "let another" and "menu", ten rows, should core ever allow more than five."""


# -- who they are ---------------------------------------------------------------------------------------------------


def _listed(outcome: Outcome, context: TurnContext) -> Exit:
    match outcome:
        case Known(value=Dashboard() as dashboard) if dashboard.account():
            return Exit("listed" if acting(context).owned else "not_owner")
        case _:
            return dashboard_failed(outcome)


def _list(context: TurnContext) -> Sequence[Message]:
    account = acting(context)
    people = account.authorised[:ROWS]
    rows = [_row(context, account, person) for person in people]
    rows.append(context.entry("authorise", "Let another act", f"At most {MOST_PEOPLE} in all", account.account_id))
    rows.append(context.entry("menu", "Menu"))
    of = f"*{formatting.name(account.name)}*"
    count = len(account.authorised)
    body = f"People who may act for {of}: {count}." if people else f"Credex did not say who may act for {of}."
    return [List(body=body, button="Choose", sections=(Section(rows=tuple(rows)),))]


def _row(context: TurnContext, account: Account, person: Person) -> Row:
    owner = person.member_id == seen(context).member_id
    about = "Owner" if owner else "May act for it"
    about += ", is told of new offers" * _told(account, person)
    return context.entry("person", formatting.name(person.name, 24), about, f"{account.account_id}/{person.member_id}")


def _told(account: Account, person: Person) -> bool:
    return account.send_offers_to is not None and account.send_offers_to.member_id == person.member_id


def _show_not_owner(context: TurnContext) -> Sequence[Message]:
    return [
        Buttons(
            body="Only the owner of an account can see and change who acts for it, and this one is not yours.",
            buttons=(context.link("accounts", "Accounts"), formatting.menu(context)),
        )
    ]


# -- one of them ----------------------------------------------------------------------------------------------------


def _opened(outcome: Outcome, context: TurnContext) -> Exit:
    match outcome:
        case Known(value=Dashboard() as dashboard) if dashboard.account():
            pass
        case _:
            return dashboard_failed(outcome)
    account_id, _, member_id = context.answers.get("target", "").partition("/")
    account = dashboard.account(account_id)
    if account is None or not account.owned:
        return Exit("gone")
    person = next((person for person in account.authorised if person.member_id == member_id), None)
    if person is None:
        return Exit("gone")
    return Exit(
        "shown",
        {
            **_about(account),
            "member": person.member_id,
            "name": person.name,
            "owner": "yes" * (person.member_id == dashboard.member_id),
            "told": "yes" * _told(account, person),
        },
    )


def _about(account: Account) -> dict[str, str]:
    return {"account": account.account_id, "account_name": account.name}


def _show_person(context: TurnContext) -> Sequence[Message]:
    answers = context.answers
    of, told = f"*{formatting.name(answers['account_name'])}*", "told" if answers["told"] else "*not* told"
    buttons = [context.link("people", "Back")]
    if answers["owner"]:
        body = f"You are the owner of {of}.\n\nYou are {told} of new offers to it."
    else:
        body = f"*{formatting.name(answers['name'])}* may act for {of}.\n\nThey are {told} of new offers to it."
        buttons.insert(0, context.option("remove", "Remove"))
    if not answers["told"]:
        buttons.insert(0, context.option("notices", "Tell me of offers" if answers["owner"] else "Tell them of offers"))
    return [Buttons(body=body, buttons=tuple(buttons))]


def _show_gone(context: TurnContext) -> Sequence[Message]:
    return [
        Buttons(
            body="They do not act for that account any more, or it is no longer yours. Nothing was changed.",
            buttons=(context.link("people", "People"), formatting.menu(context)),
        )
    ]


# -- another one ----------------------------------------------------------------------------------------------------


def _begun(outcome: Outcome, context: TurnContext) -> Exit:
    match outcome:
        case Known(value=Dashboard() as dashboard) if dashboard.account():
            pass
        case _:
            return dashboard_failed(outcome)
    wanted = context.answers.get("target")
    account = dashboard.account(wanted) if wanted else acting(context)
    if account is None or not account.owned:
        return Exit("not_owner")
    present = ",".join(person.member_id for person in account.authorised)
    return Exit("ask", {**_about(account), "present": present}, preface=_warning(dashboard, account))


def _warning(dashboard: Dashboard, account: Account) -> str:
    """What we know of the rules may be wrong, so it warns and never refuses: core decides."""
    if dashboard.tier is not None and dashboard.tier < AUTHORISING_TIER:
        return "⚠️ Letting others act needs the entrepreneur tier, which you do not have. Credex may refuse."
    if len(account.authorised) >= MOST_PEOPLE:
        return f"⚠️ {len(account.authorised)} may act for it already, which is the most. Credex may refuse another."
    return ""


def _ask_handle(context: TurnContext) -> Sequence[Message]:
    return [
        Text(
            f"Who shall act for *{formatting.name(context.answers['account_name'])}*? Please type their member handle."
        )
    ]


def _read_handle(reply: Reply, _: TurnContext) -> Exit | Retry:
    try:
        return Exit("ok", {"handle": str(Handle.typed(reply.text if isinstance(reply, Typed) else ""))})
    except HandleRefused as refused:
        return Retry(str(refused))


def _found(outcome: Outcome, context: TurnContext) -> Exit:
    handle = context.answers["handle"]
    match outcome:
        case Known(value=Person() as person) if person.member_id in context.answers["present"].split(","):
            return Exit("already", {"member": person.member_id, "name": person.name})
        case Known(value=Person() as person):
            return Exit("found", {"member": person.member_id, "name": person.name})
        case NotFound() | Refused():
            missing = f"No member has the handle “{handle}”. Please check it and type it again."
            return Exit("not_found", preface=missing)
        case _:
            return Exit("away")


PEOPLE = Flow(
    name="people",
    title="People of an account: who acts for it, and who is told of offers",
    cancelled_text="Nothing was changed.",
    expired_text="That was left for more than five minutes, so I let it go. Nothing was changed.",
    steps=(
        CoreCall(
            "list",
            call=lambda _: Login(fresh=True),
            result=_listed,
            exits={"listed": "listed", "not_owner": "not_owner", **DASHBOARD_FAILED_EXITS},
        ),
        Question("listed", "list", _list, reenter_at="list", interruptible=True),
        Question("not_owner", "buttons", _show_not_owner, interruptible=True),
        CoreCall(
            "open",
            call=lambda _: Login(fresh=True),
            result=_opened,
            exits={"shown": "person", "gone": "gone", **DASHBOARD_FAILED_EXITS},
        ),
        Question(
            "person",
            "buttons",
            _show_person,
            {"notices": "confirm_notices", "remove": "confirm_remove"},
            interruptible=True,
        ),
        Question("gone", "buttons", _show_gone, interruptible=True),
        CoreCall(
            "begin",
            call=lambda _: Login(fresh=True),
            result=_begun,
            exits={"ask": "handle", "not_owner": "not_owner", **DASHBOARD_FAILED_EXITS},
        ),
        Question("handle", "text", _ask_handle, {"ok": "find"}, _read_handle),
        CoreCall(
            "find",
            call=lambda context: FindMember(context.answers["handle"]),
            result=_found,
            exits={
                "found": "confirm_authorise",
                "already": "stands",
                "not_found": "handle",
                "away": "greeting.away",
            },
        ),
        *AUTHORISATION_STEPS,
    ),
)
