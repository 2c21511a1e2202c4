"""Choose who is told of new offers to an account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from service.credex.endpoints import Endpoint
from service.domain import Account
from service.writes.account_person import AccountPersonOperation, AccountPersonWrite


class SetOfferRecipient(AccountPersonWrite, frozen=True, tag="direct-notices"):
    """Send the notices of new offers to an account to a member who may act for it."""


class _SetOfferRecipient(AccountPersonOperation[SetOfferRecipient]):
    command = SetOfferRecipient
    endpoint = Endpoint("updateSendOffersTo", frozenset({"SEND_OFFERS_TO_UPDATED"}), "member")

    def request(self, command: SetOfferRecipient) -> Mapping[str, object]:
        return {"accountID": command.account_id, "memberIDtoSendOffers": command.member_id}

    def holds(self, command: SetOfferRecipient, account: Account) -> bool | None:
        recipient = account.send_offers_to
        return None if recipient is None else recipient.member_id == command.member_id


OPERATION: Final = _SetOfferRecipient()
