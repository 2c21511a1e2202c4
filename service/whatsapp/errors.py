"""Errors between the bot and WhatsApp, one class for each reaction.

::

    WhatsAppError
    ├── NotAnEnvelope      a webhook body that is no WhatsApp notification: refuse it
    ├── NotStored          a payload could not be stored: answer 503, and Meta delivers it again
    └── GraphError         the Graph API did not take a message
        ├── PairLimited    this member gets too many: later, to them only
        ├── Throttled      the number sends too many: everyone slower
        ├── Transient      a temporary failure at Meta: again, with back-off
        ├── SendingStopped  nothing can be sent until somebody repairs it: keep everything, raise an alarm
        ├── Rejected       this message can never be sent
        │   └── WindowClosed   because the member has been silent for 24 hours; a template still can
        ├── NotSent        it never left us, that is certain: again, with back-off
        └── NoAnswer       it may have been taken, or not: wait for a status, then again

Codes are Meta's (Cloud API error codes page, December 2025 and September 2026). The HTTP status of a code changed over
the years and means nothing; it is looked at only when an answer has no code.
"""

from http import HTTPStatus
from typing import Final


class WhatsAppError(Exception):
    """The base of all errors here."""


class NotAnEnvelopeError(WhatsAppError):
    """A webhook body that is not JSON, or no notification about a WhatsApp business account; nothing was kept."""

    def __init__(self, details: str) -> None:
        super().__init__(details)
        self.details = details


class NotStoredError(WhatsAppError):
    """A payload could not be stored durably, in whole or in part; Meta has to deliver it again."""


class GraphError(WhatsAppError):
    """The Graph API did not take a message.

    Attributes:
        code: Meta's code, or None when there was no readable one.
        details: what Meta or the connection said. Never holds the access token.
        http_status: of the answer, or None when there was none.
    """

    def __init__(self, details: str, *, code: int | None = None, http_status: int | None = None) -> None:
        super().__init__(details)
        self.code = code
        self.details = details
        self.http_status = http_status

    def __str__(self) -> str:
        number = "no code" if self.code is None else f"code {self.code}"
        status = "no answer" if self.http_status is None else f"HTTP {self.http_status}"
        return f"{type(self).__name__} ({number}, {status}): {self.details}"


class PairLimitedError(GraphError):
    """Too many messages to this one member; others are not affected. The message was not taken."""


class ThrottledError(GraphError):
    """Too many messages from this number, or too many calls. The message was not taken."""


class TransientError(GraphError):
    """A temporary failure at Meta. The message was not taken."""


class SendingStoppedError(GraphError):
    """Nothing can be sent until somebody repairs token, permission, number, account or payment."""


class RejectedError(GraphError):
    """This message can never be sent, however often it is tried."""


class WindowClosedError(RejectedError):
    """The member has been silent for 24 hours: only a template can be sent."""


class NotSentError(GraphError):
    """The connection was never made, so the message certainly did not leave."""


class NoAnswerError(GraphError):
    """The request left and no readable answer came: the message may have been taken."""


_PAIR_LIMITED: Final = frozenset({131056})
_THROTTLED: Final = frozenset({4, 80007, 130429})
_TRANSIENT: Final = frozenset({1, 2, 131000, 131016, 131057, 133004})
_WINDOW_CLOSED: Final = frozenset({131047})
_STOPPED: Final = frozenset(
    {
        0,  # the app user could not be authenticated
        3,  # capability or permission
        10,  # permission missing or removed
        33,  # the business phone number was deleted
        104,  # token missing
        190,  # token expired or invalid
        *range(200, 300),  # permission missing
        368,  # account restricted for policy
        131005,  # access denied
        131031,  # account locked
        131037,  # display name not approved
        131042,  # payment method
        131045,  # phone registration or certificate
        131048,  # spam limit on the number: sending must pause
        133000,  # an earlier deregistration is incomplete
        133006,  # number not verified
        133010,  # number not registered
        133015,  # number deleted a moment ago
    }
)
_REJECTED: Final = frozenset(
    {
        100,  # a parameter
        *(130403, 130472, 130497),  # this member, an experiment, their country
        *(131008, 131009, 131021, 131026, 131030, 131049, 131050, 131051, 131053, 131055, 131062, 131063, 131064),
        *(132000, 132001, 132005, 132007, 132008, 132012, 132015, 132016, 132018, 132068, 132069),  # templates, forms
        *(134011, 134100, 134101, 134102, 135000, 137000),
    }
)
# "Object with ID does not exist" has the code of any bad parameter and is distinguished by its subcode: a wrong phone
# number id or a token without access to it, hence nothing to do with the message.
_NO_SUCH_NUMBER: Final = (100, 33)

_SERVER_ERROR: Final = 500
# Said by somebody between us, when the request may have gone through.
_GAVE_UP_WAITING: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT})


def graph_error(details: str, *, code: int | None, subcode: int | None, http_status: int) -> GraphError:
    """The error that an answer of the Graph API means, by its code; by its HTTP status only when it has no code."""
    kind = _by_status(http_status) if code is None else _by_code(code, subcode, http_status)
    return kind(details, code=code, http_status=http_status)


def _by_code(code: int, subcode: int | None, http_status: int) -> type[GraphError]:
    known: tuple[tuple[frozenset[int], type[GraphError]], ...] = (
        (_PAIR_LIMITED, PairLimitedError),
        (_THROTTLED, ThrottledError),
        (_TRANSIENT, TransientError),
        (_WINDOW_CLOSED, WindowClosedError),
        (_STOPPED, SendingStoppedError),
    )
    if (code, subcode) == _NO_SUCH_NUMBER:
        return SendingStoppedError
    for codes, kind in known:
        if code in codes:
            return kind
    # Only a code nobody has heard of leaves the status to go by.
    return RejectedError if code in _REJECTED or http_status < _SERVER_ERROR else TransientError


def _by_status(http_status: int) -> type[GraphError]:
    """Without a code it need not be the Graph API that answered, so nothing here gives a message up."""
    if http_status == HTTPStatus.TOO_MANY_REQUESTS:
        return ThrottledError
    if http_status < HTTPStatus.MULTIPLE_CHOICES or http_status in _GAVE_UP_WAITING:
        return NoAnswerError
    return TransientError if http_status >= _SERVER_ERROR else SendingStoppedError
