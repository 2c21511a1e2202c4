"""What is known of the person and the account that the owner looks at."""

from __future__ import annotations

import msgspec

from service.conversation import TurnContext
from service.flows.confirmed_write import WriteAnswers


class PeopleAnswers(WriteAnswers, frozen=True):
    """The account, and one of the people who act for it or shall.

    Attributes:
        owner: the person is the member.
        told: the person is told of new offers to the account.
        present: the ids of all who may act for it, with commas between.
        handle: of the member who shall act for it.
        operation: the change that was tried; empty for `authorise`.
    """

    account: str = ""
    account_name: str = ""
    member: str = ""
    name: str = ""
    owner: bool = False
    told: bool = False
    present: str = ""
    handle: str = ""
    operation: str = msgspec.field(default="", name="deed")


Context = TurnContext[PeopleAnswers]
