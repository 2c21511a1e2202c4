"""Values and their rules: money, people, accounts, and what members send. Pure."""

from service.domain.accounts import (
    Account,
    Credex,
    Dashboard,
    LedgerLine,
    LedgerPage,
    Offer,
    Person,
    Recipient,
    Tier,
    Unsecured,
)
from service.domain.inbound import (
    ButtonReply,
    Content,
    FormReply,
    InboundMessage,
    NumberChanged,
    Reacted,
    TextMessage,
    UnsupportedMessage,
)
from service.domain.money import AmountError, Denomination, Money, read_amount
from service.domain.people import AccountName, Handle, HandleRefused, NameRefused, PersonName, Phone, stored_name

__all__ = (
    "Account",
    "AccountName",
    "AmountError",
    "ButtonReply",
    "Content",
    "Credex",
    "Dashboard",
    "Denomination",
    "FormReply",
    "Handle",
    "HandleRefused",
    "InboundMessage",
    "LedgerLine",
    "LedgerPage",
    "Money",
    "NameRefused",
    "NumberChanged",
    "Offer",
    "Person",
    "PersonName",
    "Phone",
    "Reacted",
    "Recipient",
    "TextMessage",
    "Tier",
    "Unsecured",
    "UnsupportedMessage",
    "read_amount",
    "stored_name",
)
