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
"""How several updates share a POST: one value a person in turn, one value for all, a change each, an entry each."""


@dataclass(frozen=True, slots=True, repr=False)
class Business:
    """A business on WhatsApp, and the app that serves it.

    Attributes:
        phone_number_id: names its number in Graph URLs.
        business_id: the WhatsApp Business Account.
        display_phone_number: the number as digits without a plus.
        callback_url: where webhooks go.
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
    """The waits before each further attempt, in ms: at once, 10 s, 30 s, 1 min, then doubling, for 7 days in all.

    Meta publishes the first ("immediately") and the last (7 days; pages of April and September 2026), no more.
    """
    waits = [0, 10_000, 30_000, 60_000]
    while sum(waits) + 2 * waits[-1] <= 7 * DAY_MS:
        waits.append(2 * waits[-1])
    return tuple(waits)


@dataclass(frozen=True, slots=True)
class TemplateButton:
    """A button of a template: ``kind`` is quick_reply, url, flow, copy_code or phone_number; a url may end in {{1}}."""

    kind: str
    text: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class ApprovedTemplate:
    """A template that Meta approved. Its texts hold placeholders {{1}} or {{name}}.

    Attributes:
        buttons: in their order; a plain text is a quick reply.
        media: what the header is in place of a text: image, video, document or location.
        status: APPROVED; or PAUSED or DISABLED, when people complained.

    Raises:
        ValueError: Meta would not have approved it.
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
    """How this Cloud API behaves where Meta's varies, is unpublished, or is awkward. Times in ms.

    Attributes:
        webhook_timeout_ms: how long the bot may take to answer a webhook.
        retry_after_ms: the waits before each further attempt; then the webhook is dropped.
        horizon_ms: what comes later than this does not make the API busy.
        subscription_needed: webhooks set out only for an app that has subscribed to the account, as at Meta.
        in_order: a handset's messages are handed over one after the other; otherwise all at once, in any order.
        jitter_ms: each webhook takes up to so much longer, by chance; without ``in_order`` that reorders them.
        batch_ms: what people do and what becomes of messages within this time shares a POST; 0 for one POST each.
        batch_most: updates in a POST; Meta sends up to 1,000.
        batch_shape: how they share it.
        shuffle_keys: the keys of all JSON objects come in any order.
        sent_ms: when the status `sent` comes, counted from acceptance; likewise the others.
        reversed_statuses: those that a message reaches are told when the last is reached, the last first.
        skip_delivered: `read` comes without `delivered` before it.
        status_before_answer: the status `sent` reaches the bot before the answer to its request does.
        pair_every_ms: the pace of messages to one person, None for any; ``pair_burst`` may be sent ahead of it.
        per_second: messages per second and number, in and out; None for any number.
        window_ms: how long free-form messages may follow a person's last one; None for ever.
        allowed: the only recipients, as for a test number; None for all.
        templates: the approved ones; None to accept any.
        known_forms: messages may only name forms of this account; otherwise any id will do.
        unreachable: addresses from which Meta fails to fetch files. It never asks the network.
        webhook_version: the app's; before v24.0 statuses carry `conversation`, before v23.0 they are priced `CBP`.
        contacts_beside_statuses: as since April 2026.
        identity_check: the business is told the hash of a person's keys in `contacts`.

    Raises:
        ValueError: a time is negative, a number below 1, or a version none.
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
    """What is odd about the next webhook of a person's message.

    Attributes:
        times: how often the same bytes are delivered; ``at_once``: concurrently.
        delay_ms: how much later it is handed over.
        lost: it is never handed over.
        signature: right, wrong, or missing.
        tampered: a byte differs from those that were signed.
        foreign: it is addressed to another phone number's id.
        without: what is missing of `contacts`, `profile`, `name`, `wa_id`, `from`, `context`.
        extra: keys that nobody knows yet, added to the message.
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
        """Whether a careful bot will refuse it, however often it comes."""
        return self.signature != "right" or self.tampered


@dataclass(slots=True)
class Attempt:
    """One POST of a webhook to the bot.

    Attributes:
        number: its place in the log, from 0.
        webhook: the number of the webhook, the same in each attempt to deliver it.
        phones: whose messages or statuses it holds.
        status: the HTTP status of the answer; None until there is one, and when none came.
        problem: why no answer came.
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
    """Something on a bubble that can be tapped."""

    id: str
    title: str
    description: str = ""
    section: str = ""


@dataclass(frozen=True, slots=True)
class FormField:
    """Something that a form asks; ``options`` are the ids of what can be chosen."""

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
        shown_ms: when the phone showed it; None while it has not.
        kind: text, template, reaction, contacts, location, the kind of a file, or that of an interactive message.
        label: what is written on the button that opens a list, a form or an address, or that asks for something.
        choices: what can be tapped, with the ids that come back.
        callback: its `biz_opaque_callback_data`.
        quotes: the wamid of the message that it replies to.
        payload: the request's JSON.
        statuses: what has become of it so far, oldest first.
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
