"""Plain values: the business, the configuration, webhooks, messages and forms."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final, Literal

from .limits import DAY_MS, LIMITS

__all__ = (
    "ApprovedTemplate",
    "Attempt",
    "Bubble",
    "Business",
    "Choice",
    "Config",
    "DeliveryFault",
    "FormField",
    "Shape",
    "StatusNote",
    "TemplateButton",
    "backing_off",
)

Json = dict[str, Any]

Shape = Literal["natural", "messages", "changes", "entries"]
"""How updates share a POST: one value per person in turn, one value for all, one change each, or one entry each."""


@dataclass(frozen=True, slots=True, repr=False)
class Business:
    """A business phone number, its account, and the app that serves it.

    Attributes:
        phone_number_id: the id of the number in Graph URLs.
        business_id: the id of the WhatsApp Business Account.
        display_phone_number: the number as digits without a plus.
        callback_url: the URL for webhooks.
    """

    phone_number_id: str
    business_id: str
    display_phone_number: str
    access_token: str
    app_secret: str
    verify_token: str
    callback_url: str

    def __repr__(self) -> str:
        shown = [f"{one.name}={getattr(self, one.name)!r}" for one in fields(self) if one.name not in _SECRETS]
        return f"Business({', '.join(shown)})"


_SECRETS: Final = frozenset({"access_token", "app_secret", "verify_token"})


def backing_off() -> tuple[int, ...]:
    """The waits before each retry, in ms: at once, 10 s, 30 s, 1 min, then doubling, for 7 days in total.

    Meta publishes only the first ("immediately") and the total (7 days; pages of April and September 2026).
    """
    waits = [0, 10_000, 30_000, 60_000]
    while sum(waits) + 2 * waits[-1] <= 7 * DAY_MS:
        waits.append(2 * waits[-1])
    return tuple(waits)


@dataclass(frozen=True, slots=True)
class TemplateButton:
    """A template button; ``kind``: quick_reply, url, flow, copy_code or phone_number. A URL may end in {{1}}."""

    kind: str
    text: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class ApprovedTemplate:
    """An approved template. Its texts have placeholders such as {{1}} or {{name}}.

    Attributes:
        buttons: in order; a string is a quick reply.
        media: the kind of a header that is not a text: image, video, document or location.
        status: APPROVED, or PAUSED or DISABLED after complaints.

    Raises:
        ValueError: a limit is violated.
    """

    name: str
    language: str
    body: str
    buttons: tuple[str | TemplateButton, ...] = ()
    header: str = ""
    footer: str = ""
    media: str = ""
    category: str = "UTILITY"
    status: str = "APPROVED"

    def __post_init__(self) -> None:
        texts = [button if isinstance(button, str) else button.text for button in self.buttons]
        for part, found in (
            ("template.buttons", [len(texts)]),
            ("template.button_text", [len(text) for text in texts]),
            ("template.url", [len(one.url) for one in self.buttons if isinstance(one, TemplateButton) and one.url]),
            ("template.footer", [len(self.footer)] if self.footer else []),
        ):
            if not all(LIMITS[part].keeps(one) for one in found):
                raise ValueError(LIMITS[part].said())


_FROM_ONE: Final = ("webhook_timeout_ms", "batch_most", "pair_every_ms", "pair_burst", "per_second")


@dataclass(frozen=True, slots=True)
class Config:
    """How this Cloud API behaves where Meta's behaviour varies or is not published. Times in ms.

    Attributes:
        webhook_timeout_ms: the time limit for the bot's answer to a webhook.
        retry_after_ms: the waits before each retry; after the last, the webhook is dropped.
        horizon_ms: the API is busy if a delivery or status is due within this time.
        subscription_needed: webhooks are sent only if the app has subscribed to the account, as at Meta.
        in_order: a person's webhooks are delivered one after the other; otherwise concurrently.
        jitter_ms: the maximum of a random delay of each webhook; without ``in_order`` it reorders them.
        batch_ms: messages and statuses within this time share a POST; 0 for one POST each.
        batch_most: the maximum number of updates in a POST; Meta sends up to 1,000.
        batch_shape: how updates share a POST.
        shuffle_keys: the keys of JSON objects are in random order.
        sent_ms: when the status `sent` is reported, counted from acceptance; likewise the others.
        reversed_statuses: a message's statuses are reported together at the end, the last one first.
        skip_delivered: `read` is reported without `delivered` before it.
        status_before_answer: `sent` is reported before the request is answered.
        pair_every_ms: the interval between messages to one person, None for no limit; ``pair_burst``: the burst.
        per_second: messages per second, in and out; None for no limit.
        window_ms: how long after a person's last message free-form messages are allowed; None for no limit.
        allowed: the only recipients, as for a test number; None for all.
        templates: the approved templates; None to accept any.
        known_forms: only forms of this account may be sent; otherwise any form id is accepted.
        unreachable: links from which Meta cannot fetch files; the simulator never fetches any.
        webhook_version: the app's Graph version; statuses have `conversation` before v24.0, and `CBP` before v23.0.
        contacts_beside_statuses: webhooks with statuses have `contacts`, as since April 2026.
        identity_check: `contacts` has the hash of a person's keys.

    Raises:
        ValueError: a time is negative, a number is below 1, or the version is malformed.
    """

    webhook_timeout_ms: int = 10_000
    retry_after_ms: tuple[int, ...] = field(default_factory=backing_off)
    horizon_ms: int = 60_000
    subscription_needed: bool = False
    in_order: bool = True
    jitter_ms: int = 0
    batch_ms: int = 0
    batch_most: int = 1_000
    batch_shape: Shape = "natural"
    shuffle_keys: bool = False
    sent_ms: int = 200
    delivered_ms: int = 600
    read_ms: int = 1_500
    reversed_statuses: bool = False
    skip_delivered: bool = False
    status_before_answer: bool = False
    pair_every_ms: int | None = 6_000
    pair_burst: int = LIMITS["rate.pair_burst"].most
    per_second: int | None = LIMITS["rate.throughput"].most
    window_ms: int | None = DAY_MS
    allowed: frozenset[str] | None = None
    templates: tuple[ApprovedTemplate, ...] | None = None
    known_forms: bool = False
    unreachable: frozenset[str] = frozenset()
    webhook_version: str = "v25.0"
    contacts_beside_statuses: bool = True
    identity_check: bool = False

    def __post_init__(self) -> None:
        for name in (one.name for one in fields(self) if one.name in _FROM_ONE or one.name.endswith("_ms")):
            found, least = getattr(self, name), int(name in _FROM_ONE)
            if any(each is not None and each < least for each in (found if isinstance(found, tuple) else [found])):
                raise ValueError(f"{name} is {least} or more, not {found}")
        if not re.fullmatch(r"v\d+\.\d+", self.webhook_version, re.ASCII):
            raise ValueError(f"webhook_version is like v25.0, not {self.webhook_version!r}")


@dataclass(frozen=True, slots=True)
class DeliveryFault:
    """A fault of the next webhook with a person's message.

    Attributes:
        times: how often the same bytes are delivered; ``at_once``: concurrently.
        delay_ms: the delay of its delivery.
        lost: it is never delivered.
        signature: right, wrong, or missing.
        tampered: one byte differs from the signed bytes.
        foreign: it has the id of another phone number.
        without: the parts left out, of `contacts`, `profile`, `name`, `wa_id`, `from`, `context`.
        extra: unknown keys, added to the message.
    """

    times: int = 1
    at_once: bool = False
    delay_ms: int = 0
    lost: bool = False
    signature: str = "right"
    tampered: bool = False
    foreign: bool = False
    without: frozenset[str] = frozenset()
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def refused(self) -> bool:
        """Whether a correct bot refuses it at every attempt."""
        return self.signature != "right" or self.tampered


@dataclass(slots=True)
class Attempt:
    """One POST of a webhook to the bot.

    Attributes:
        number: its position in the log, from 0.
        webhook: the number of the webhook, the same for all its attempts.
        phones: the people whose messages or statuses it has.
        status: the HTTP status of the answer; None without an answer.
        problem: why there was no answer.
    """

    number: int
    webhook: int
    phones: tuple[str, ...]
    at_ms: int
    body: bytes
    headers: Mapping[str, str]
    status: int | None = None
    ended_ms: int | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """A button or a row that can be tapped."""

    id: str
    title: str
    description: str = ""
    section: str = ""


@dataclass(frozen=True, slots=True)
class FormField:
    """A field of a form; ``options`` are the ids of its choices."""

    screen: str
    name: str
    kind: str
    label: str
    required: bool
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StatusNote:
    """A status that a message has reached; ``code`` says why it failed."""

    status: str
    at_ms: int
    code: int | None = None


@dataclass(slots=True)
class Bubble:
    """A message of the business that the API accepted.

    Attributes:
        at_ms: when it was accepted.
        shown_ms: when the phone showed it; None before that.
        kind: text, template, reaction, contacts, location, a media kind, or an interactive subtype.
        label: the text of the button that opens a list, a form or a link, or that requests something.
        choices: the buttons and rows, with the ids that webhooks return.
        callback: its `biz_opaque_callback_data`.
        quotes: the wamid of the message that it replies to.
        payload: the request's JSON.
        statuses: the statuses reached so far, oldest first.
    """

    at_ms: int
    wamid: str
    phone: str
    kind: str
    payload: Json
    body: str = ""
    header: str = ""
    footer: str = ""
    label: str = ""
    choices: tuple[Choice, ...] = ()
    callback: str | None = None
    quotes: str | None = None
    shown_ms: int | None = None
    statuses: list[StatusNote] = field(default_factory=list)
