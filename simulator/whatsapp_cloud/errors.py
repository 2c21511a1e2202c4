"""The exceptions of this package, and the errors of Meta's Graph API.

::

    CloudError
    ├── HandshakeFailedError   the bot did not verify its callback URL; nothing is delivered
    ├── HandsetError           a person cannot do this now
    │   ├── NotOnScreenError   the screen does not show it
    │   └── NotFilledInError   the form rejects the answers
    ├── RefusedError           the Graph API answers a request with an error
    ├── RuleError              a fault rule is invalid
    ├── StateError             a saved state cannot be loaded
    ├── ControlError           the control API cannot do what was requested
    └── UnknownAttemptError    the delivery log has no such attempt

Codes, HTTP statuses and titles: Meta's page "Error codes" of the Cloud API as of December 2025 (its column of HTTP
statuses was removed by September 2026); ``later`` marks codes that are reported in a `failed` status after an HTTP 200,
which Meta does not publish and production reports show.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

__all__ = (
    "CODES",
    "CloudError",
    "Code",
    "HandsetError",
    "HandshakeFailedError",
    "NotFilledInError",
    "NotOnScreenError",
    "RefusedError",
    "known",
)

HREF: Final = "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/"


class CloudError(Exception):
    """The base class of this package's exceptions."""


class HandshakeFailedError(CloudError):
    """The bot's answer to the verification request was not 200 with the challenge as its body."""


class HandsetError(CloudError):
    """A person cannot do this with the phone now."""


class NotOnScreenError(HandsetError):
    """The choice is not on the screen; the message lists what is."""


class NotFilledInError(HandsetError):
    """A form cannot be submitted with these answers; the message names the field and what it accepts."""


@dataclass(frozen=True, slots=True)
class Code:
    """An error code of the Graph API: HTTP status, title, and whether it is reported later in a status."""

    status: int
    title: str
    later: bool = False


CODES: Final[Mapping[int, Code]] = MappingProxyType(
    {
        0: Code(401, "We were unable to authenticate the app user"),
        1: Code(400, "Invalid request or possible server error"),
        2: Code(503, "Service temporarily unavailable"),
        3: Code(500, "Capability or permissions issue"),
        4: Code(400, "Application request limit reached"),
        10: Code(403, "Permission is either not granted or has been removed"),
        33: Code(400, "The business phone number has been deleted"),
        100: Code(400, "Invalid parameter"),
        104: Code(401, "An access token is required to request this resource."),
        190: Code(401, "Error validating access token: Session has expired"),
        200: Code(403, "Permission is either not granted or has been removed"),
        368: Code(403, "Temporarily blocked for policies violations"),
        80007: Code(400, "Rate limit issues"),
        130403: Code(403, "Business has blocked this user"),
        130429: Code(400, "Rate limit hit"),
        130472: Code(400, "User's number is part of an experiment", later=True),
        130497: Code(403, "Business account is restricted from messaging users in this country"),
        131000: Code(500, "Something went wrong"),
        131005: Code(403, "Access denied"),
        131008: Code(400, "Required parameter is missing"),
        131009: Code(400, "Parameter value is not valid"),
        131016: Code(500, "Service unavailable"),
        131021: Code(400, "Recipient cannot be sender"),
        131026: Code(400, "Message undeliverable", later=True),
        131030: Code(400, "Recipient phone number not in allowed list"),
        131031: Code(403, "Account has been locked"),
        131037: Code(400, "WhatsApp provided number needs display name approval before message can be sent."),
        131042: Code(400, "Business eligibility payment issue", later=True),
        131045: Code(500, "Incorrect certificate"),
        131047: Code(400, "Re-engagement message", later=True),
        131048: Code(400, "Spam rate limit hit", later=True),
        131049: Code(400, "This message was not delivered to maintain healthy ecosystem engagement.", later=True),
        131050: Code(400, "User has stopped receiving marketing messages", later=True),
        131051: Code(400, "Unsupported message type"),
        131052: Code(400, "Media download error"),
        131053: Code(400, "Media upload error", later=True),
        131055: Code(400, "Method not allowed"),
        131056: Code(400, "(Business Account, Consumer Account) pair rate limit hit"),
        131057: Code(500, "Account in maintenance mode"),
        131059: Code(400, "Invalid cursor"),
        131062: Code(400, "Business-scoped user id not allowed for this message"),
        131063: Code(400, "Marketing templates are not enabled"),
        131064: Code(400, "Template misclassification limit"),
        132000: Code(400, "Number of parameters does not match the expected number of params"),
        132001: Code(404, "Template name does not exist in the translation"),
        132005: Code(400, "Translated text too long"),
        132007: Code(400, "Template format character policy violated"),
        132008: Code(400, "Parameter value does not match the created template"),
        132012: Code(400, "Parameter format does not match format in the created template"),
        132015: Code(400, "Template is paused"),
        132016: Code(400, "Template is disabled"),
        132018: Code(400, "There is an issue with the parameters in your template"),
        132068: Code(400, "Flow is blocked"),
        132069: Code(400, "Flow is throttled"),
        133000: Code(500, "Incomplete deregistration"),
        133004: Code(503, "Server temporarily unavailable"),
        133005: Code(400, "Two step verification PIN mismatch"),
        133006: Code(400, "Phone number re-verification needed"),
        133008: Code(400, "Too many two step verification PIN guesses"),
        133009: Code(400, "Two step verification PIN guessed too fast"),
        133010: Code(400, "Phone number not registered"),
        133015: Code(400, "Please wait a few minutes before attempting to register this phone number"),
        133016: Code(400, "Account register deregister rate limit exceeded"),
        134011: Code(400, "Payments terms of service have not been accepted"),
        134100: Code(400, "Only marketing messages are supported"),
        134101: Code(400, "Template is still being prepared for marketing messages"),
        134102: Code(400, "Template cannot be used for marketing messages"),
        135000: Code(400, "Generic user error"),
        139001: Code(400, "Flow can't be updated"),
        139002: Code(400, "Flow can't be published"),
        139003: Code(400, "Flow can't be deprecated"),
        139004: Code(400, "Flow can't be deleted"),
        137000: Code(400, "Identity key hash mismatch", later=True),
    }
)

_PERMISSIONS: Final = range(200, 300)
_BARE = frozenset({0, 104, 190, 2500})
"""Codes whose messages do not begin with the number."""


def known(code: int) -> Code:
    """The entry of a code. Codes from 200 to 299 are about permissions; unknown codes have status 400."""
    return CODES.get(code) or (CODES[200] if code in _PERMISSIONS else Code(400, "Unknown error"))


class RefusedError(CloudError):
    """A request is answered with one of Meta's errors.

    Args:
        code: Meta's code.
        message: in place of the code's title.
        details: what `error_data.details` says; None for errors that come without `error_data`.
        subcode: `error_subcode`.
        status: in place of the code's usual HTTP status.
        kind: the error's `type`.
    """

    def __init__(
        self,
        code: int,
        *,
        message: str | None = None,
        details: str | None = None,
        subcode: int | None = None,
        status: int | None = None,
        kind: str = "OAuthException",
    ) -> None:
        self.code = code
        self.details = details
        self.status = known(code).status if status is None else status
        self.message = known(code).title if message is None else message
        self._subcode = subcode
        self._kind = kind
        super().__init__(f"{code}: {details or self.message}")

    def body(self, trace: str) -> dict[str, Any]:
        """The JSON body of the answer; ``trace`` becomes `fbtrace_id`."""
        bare = self.code in _BARE or self._kind != "OAuthException"
        error: dict[str, Any] = {
            "message": self.message if bare else f"(#{self.code}) {self.message}",
            "type": self._kind,
            "code": self.code,
        }
        if self._subcode is not None:
            error["error_subcode"] = self._subcode
        if self.details is not None:
            error["error_data"] = {"messaging_product": "whatsapp", "details": self.details}
        return {"error": {**error, "fbtrace_id": trace}}

    def as_failure(self) -> dict[str, Any]:
        """The error as an entry of `errors` in a `failed` status."""
        return {
            "code": self.code,
            "title": self.message,
            "message": self.message,
            "error_data": {"details": self.details or self.message},
            "href": HREF,
        }
