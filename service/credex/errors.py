"""What can go wrong between the bot and Credex core.

    CredexError
    ├── NotSentError                 certain: core never saw the request
    │   └── BudgetExhaustedError     the call limiter has no room within the call's deadline
    ├── NoAnswerError                sent, and no readable response: the outcome is unknown
    └── CoreAnsweredError            core answered, and not with success
        ├── RefusedError             it says why (`Refusal`)
        ├── NotFoundError            it knows no such member, account or credex
        ├── UnauthorisedError        token or API key not accepted
        ├── TooManyRequestsError     its limit of calls is reached
        └── ServerError              it failed, or its response cannot be understood

Only `NotSentError` is certain about a write. Credex core has created offers and answered 400, 404 and 500 all the
same, so after every other error the outcome has to be proven from a fresh dashboard.

No message and no repr contains a token, a key, a phone number or core's own words (see ``RefusedError.reason``).
"""

from enum import StrEnum

from service.domain import Money


class CredexError(Exception):
    """Base of all failures of a call to Credex core."""


class NotSentError(CredexError):
    """Nothing was sent: the call may safely be made again."""


class BudgetExhaustedError(NotSentError):
    """Nothing was sent, because the call limiter has no room for another ``wait_ms``."""

    def __init__(self, wait_ms: int) -> None:
        super().__init__(f"The call budget has room in {wait_ms} ms only. Nothing was sent; ask again later.")
        self.wait_ms = wait_ms


class NoAnswerError(CredexError):
    """The request was sent, and no readable response came back: the outcome is unknown."""


class CoreAnsweredError(CredexError):
    """Core answered, and not with success; ``http_status`` is None if the refusal is our own."""

    def __init__(self, message: str, *, http_status: int | None) -> None:
        super().__init__(message)
        self.http_status = http_status


class Refusal(StrEnum):
    """Why core refuses."""

    INSUFFICIENT_BALANCE = "insufficient_balance"
    DAILY_LIMIT = "daily_limit"
    TIER = "tier"
    SAME_ACCOUNT = "same_account"
    DUE_DATE = "due_date"
    DUPLICATE_PHONE = "duplicate_phone"
    DUPLICATE_HANDLE = "duplicate_handle"
    TOO_MANY = "too_many"
    ALREADY = "already"
    NOT_PENDING = "not_pending"
    NOT_AUTHORISED = "not_authorised"
    VALIDATION = "validation"
    UNKNOWN = "unknown"


class RefusedError(CoreAnsweredError):
    """Core refused.

    Attributes:
        field: the wire's name of the field at fault, if core named one.
        reason: core's own words, digits of phone numbers and tokens masked: for logs, never for members.
        remaining: what may still be issued today, if core said so.
        maximum: what may be spent at most in one offer, if core said so.
    """

    def __init__(
        self,
        code: Refusal,
        *,
        field: str | None = None,
        reason: str = "",
        http_status: int | None = None,
        remaining: Money | None = None,
        maximum: Money | None = None,
    ) -> None:
        super().__init__(f"Credex core refused: {code}.", http_status=http_status)
        self.code = code
        self.field = field
        self.reason = reason
        self.remaining = remaining
        self.maximum = maximum


class NotFoundError(CoreAnsweredError):
    """Core knows no such ``what``: ``member``, ``account`` or ``credex``."""

    def __init__(self, what: str, *, http_status: int | None) -> None:
        super().__init__(f"Credex core knows no such {what}.", http_status=http_status)
        self.what = what


class UnauthorisedError(CoreAnsweredError):
    """Core did not accept the token, or not the API key."""

    def __init__(self, *, http_status: int | None) -> None:
        super().__init__(
            "Credex core did not accept the token. Log in again; if login says so, look at the API key.",
            http_status=http_status,
        )


class TooManyRequestsError(CoreAnsweredError):
    """Core's limit of calls is reached; the limiter pauses all calls for ``retry_after_s``."""

    def __init__(self, *, retry_after_s: float, http_status: int | None = 429) -> None:
        super().__init__(
            f"Credex core takes no more calls for {retry_after_s:g} s. All calls wait until then.",
            http_status=http_status,
        )
        self.retry_after_s = retry_after_s


class ServerError(CoreAnsweredError):
    """Core failed, or its response is neither success nor a refusal."""

    def __init__(self, *, http_status: int | None) -> None:
        super().__init__(
            f"Credex core failed (HTTP {http_status}). For a write the outcome is unknown: look at the dashboard.",
            http_status=http_status,
        )
