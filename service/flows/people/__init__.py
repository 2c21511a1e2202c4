"""People of an account: who may act for it, who is told of new offers, and how its owner changes that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from service.conversation import CoreCall, Exit, Flow, MenuEntry, Question, TurnContext
from service.domain import Account, Dashboard, Person, Tier
from service.domain.commands import FindMember, Known, NotFound, Outcome, Refused
from service.flows import formatting
from service.flows.login import acting, read_dashboard, seen
from service.flows.people.answers import Context, PeopleAnswers
from service.flows.people.authorisation import AUTHORISATION_STEPS
from service.flows.screens import MENU, ask, choose, link, read_handle, screen
from service.messages import Buttons, Message, Row

__all__ = ("PEOPLE",)

MOST_PEOPLE: Final = 5
"""So many may act for an account, its owner among them; core decides, so the bot only warns."""

AUTHORISING_TIER: Final = Tier.ENTREPRENEUR
"""Members of lower tiers act for their accounts alone."""

ROWS: Final = 8
"""People in the list: with "let another" and "menu", ten rows, should core ever allow more than five."""


def _list(context: TurnContext[Any]) -> Sequence[Message]:
    account = acting(context)
    rows = [_row(context, account, person) for person in account.authorised[:ROWS]]
    rows.append(context.entry("authorise", "Let another act", f"At most {MOST_PEOPLE} in all", account.account_id))
    rows.append(context.entry("menu", "Menu"))
    count, name = len(account.authorised), formatting.name(account.name)
    body = f"People who may act for *{name}*: {count}." if count else f"Credex did not say who may act for *{name}*."
    return choose(body, rows)


def _row(context: TurnContext[Any], account: Account, person: Person) -> Row:
    owner = person.member_id == seen(context).member_id
    about = "Owner" if owner else "May act for it"
    if _is_told(account, person):
        about += ", is told of new offers"
    return context.entry("person", formatting.name(person.name, 24), about, f"{account.account_id}/{person.member_id}")


def _is_told(account: Account, person: Person) -> bool:
    return account.send_offers_to is not None and account.send_offers_to.member_id == person.member_id


def _opened(dashboard: Dashboard, context: Context) -> Exit:
    account_id, _, member_id = context.answers.target.partition("/")
    account = dashboard.account(account_id)
    people = account.authorised if account and account.owned else ()
    person = next((person for person in people if person.member_id == member_id), None)
    if account is None or person is None:
        return Exit("gone")
    return context.exit(
        "shown",
        account=account.account_id,
        account_name=account.name,
        member=person.member_id,
        name=person.name,
        owner=person.member_id == dashboard.member_id,
        told=_is_told(account, person),
    )


def _show_person(context: Context) -> Sequence[Message]:
    answers = context.answers
    account, told = f"*{formatting.name(answers.account_name)}*", "told" if answers.told else "*not* told"
    buttons = [link("people", "Back")(context)]
    if answers.owner:
        body = f"You are the owner of {account}.\n\nYou are {told} of new offers to it."
    else:
        body = f"*{formatting.name(answers.name)}* may act for {account}.\n\nThey are {told} of new offers to it."
        buttons.insert(0, context.option("remove", "Remove"))
    if not answers.told:
        title = "Tell me of offers" if answers.owner else "Tell them of offers"
        buttons.insert(0, context.option("notices", title))
    return [Buttons(body=body, buttons=tuple(buttons))]


def _begun(dashboard: Dashboard, context: Context) -> Exit:
    wanted = context.answers.target
    account = dashboard.account(wanted) if wanted else acting(context)
    if account is None or not account.owned:
        return Exit("not_owner")
    present = ",".join(person.member_id for person in account.authorised)
    return context.exit(
        "ask",
        account=account.account_id,
        account_name=account.name,
        present=present,
        preface=_warning(dashboard, account),
    )


def _warning(dashboard: Dashboard, account: Account) -> str:
    """The bot may know the rules wrongly, so it warns and never refuses: core decides."""
    if dashboard.tier is not None and dashboard.tier < AUTHORISING_TIER:
        return "⚠️ Letting others act needs the entrepreneur tier, which you do not have. Credex may refuse."
    if len(account.authorised) >= MOST_PEOPLE:
        return f"⚠️ {len(account.authorised)} may act for it already, which is the most. Credex may refuse another."
    return ""


def _ask_handle(context: Context) -> str:
    name = formatting.name(context.answers.account_name)
    return f"Who shall act for *{name}*? Please type their member handle."


def _found(outcome: Outcome, context: Context) -> Exit:
    answers = context.answers
    match outcome:
        case Known(value=Person() as person):
            already = person.member_id in answers.present.split(",")
            return context.exit("already" if already else "found", member=person.member_id, name=person.name)
        case NotFound() | Refused():
            missing = f"No member has the handle “{answers.handle}”. Please check it and type it again."
            return Exit("not_found", preface=missing)
        case _:
            return Exit("away")


PEOPLE = Flow(
    name="people",
    title="People of an account: who acts for it, and who is told of offers",
    answers=PeopleAnswers,
    routes={"people": "list", "person": "open", "authorise": "begin"},
    keywords={"people": "people", "members": "people", "authorise": "authorise", "authorize": "authorise"},
    menu=(
        MenuEntry(
            "people",
            "People of this account",
            "Who may act for it",
            shown=lambda context: acting(context).owned,
        ),
    ),
    cancelled_text="Nothing was changed.",
    expired_text="That was left for more than five minutes, so I let it go. Nothing was changed.",
    steps=(
        read_dashboard(
            "list",
            lambda _, context: Exit("listed" if acting(context).owned else "not_owner"),
            {"listed": "listed", "not_owner": "not_owner"},
        ),
        Question("listed", "list", _list, reenter_at="list", interruptible=True),
        screen(
            "not_owner",
            "Only the owner of an account can see and change who acts for it, and this one is not yours.",
            link("accounts", "Accounts"),
            MENU,
        ),
        read_dashboard("open", _opened, {"shown": "person", "gone": "gone"}),
        Question(
            "person",
            "buttons",
            _show_person,
            {"notices": "confirm_notices", "remove": "confirm_remove"},
            interruptible=True,
        ),
        screen(
            "gone",
            "They do not act for that account any more, or it is no longer yours. Nothing was changed.",
            link("people", "People"),
            MENU,
        ),
        read_dashboard("begin", _begun, {"ask": "handle", "not_owner": "not_owner"}),
        ask("handle", _ask_handle, {"ok": "find"}, read_handle),
        CoreCall(
            "find",
            lambda context: FindMember(context.answers.handle),
            {"found": "confirm_authorise", "already": "stands", "not_found": "handle", "away": "greeting.away"},
            _found,
        ),
        *AUTHORISATION_STEPS,
    ),
)
