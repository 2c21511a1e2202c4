"""Cases that need more than one request or the passage of time: tokens, rates, windows, deliveries."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Final

from .api_under_test import BUSINESS, PERSON_PHONE, SHARED, SimulatedApi, observe
from .case import Case, changed, without
from .observed import Json, Observed
from .samples import INBOUND, MEDIA, OUTBOUND, READ, SAMPLES, message

__all__ = ("scenario_cases",)

SECOND: Final = 1_000
MINUTE: Final = 60 * SECOND
DAY: Final = 24 * 60 * MINUTE
_TEXT: Final = SAMPLES["text"]
_GRAPH: Final = (
    "Unsupported {verb} request. Object with ID '1' does not exist, cannot be loaded due to missing permissions"
)
Scenario = Callable[[SimulatedApi], Awaitable[Observed]]


def scenario_cases() -> Iterator[Case]:
    """All cases of this module."""
    for make in (_asking, _pacing, _waiting, _reacting, _reading, _addressing, _failing):
        yield from make()


def _failing_later(kind: str, rule: str, code: int, scenario: Scenario) -> Case:
    """A message that is accepted, and then fails with this code."""
    return Case(kind, rule, code, scenario=scenario, later=True, config=SHARED)


def _sending(payload: Json) -> Scenario:
    return lambda api: api.send(payload)


def _asking() -> Iterator[Case]:
    """Tokens, versions and paths."""

    def as_(authorization: str) -> Scenario:
        return lambda api: api.post(_TEXT, authorization=authorization)

    def at(path: str, method: str = "POST") -> Scenario:
        async def scene(api: SimulatedApi) -> Observed:
            return observe(await api.request(method, path, json=api.with_ids(_TEXT) if method == "POST" else None))

        return scene

    async def expired(api: SimulatedApi) -> Observed:
        api.cloud.account.tokens.ends_ms = api.clock.now_ms()
        return await api.post(_TEXT)

    async def nearly_expired(api: SimulatedApi) -> Observed:
        api.cloud.account.tokens.ends_ms = api.clock.now_ms() + 1
        return await api.post(_TEXT)

    async def withdrawn(api: SimulatedApi) -> Observed:
        api.cloud.account.tokens.withdrawn = True
        return await api.post(_TEXT)

    async def no_json(api: SimulatedApi) -> Observed:
        return observe(await api.request("POST", content=b"{"))

    text = "Error validating access token: Session has expired on "
    garbage = "Invalid OAuth access token - Cannot parse access token"
    yield Case("token", "none", 104, scenario=as_(""), status=401)
    yield Case("token", "of another scheme", 104, scenario=as_("Basic a-token"), status=401)
    yield Case("token", "garbage", 190, scenario=as_("Bearer wrong"), status=401, text=garbage)
    yield Case("token", "expired", 190, scenario=expired, status=401, subcode=463, text=text, config=SHARED)
    yield Case("token", "a moment before it expires", None, scenario=nearly_expired, config=SHARED)
    yield Case("token", "taken back", 0, scenario=withdrawn, status=401, config=SHARED)
    number, account = BUSINESS.phone_number_id, BUSINESS.business_id
    for version in ("v16.0", "v25.0", "v101.12"):
        yield Case("path", f"version {version}", None, scenario=at(f"/{version}/{number}/messages"))
    for version in ("25.0", "v25", "latest"):
        yield Case("path", f"version {version}", 2500, scenario=at(f"/{version}/{number}/messages"), status=400)
    yield Case("path", "an edge that is none", 2500, scenario=at(f"/v25.0/{number}/letters"))
    no_node = partial(Case, "path", subcode=33, type="GraphMethodException", status=400)
    post, get = _GRAPH.format(verb="post"), _GRAPH.format(verb="get")
    yield no_node("another number's id", 100, scenario=at("/v25.0/1/messages"), text=post)
    yield no_node("looking at nothing", 100, scenario=at("/v25.0/1", "GET"), text=get)
    yield no_node("another account's forms", 100, scenario=at("/v25.0/1/flows", "GET"), text=get)
    yield Case("path", "looking at the number", None, scenario=at(f"/v25.0/{number}", "GET"))
    yield Case("path", "looking at the account", None, scenario=at(f"/v25.0/{account}", "GET"))
    yield Case("any", "a body that is no JSON", 100, scenario=no_json, status=400)


def _pacing() -> Iterator[Case]:
    """Rate limits and allowed recipients."""

    def burst(messages: int, *, then_ms: int = 0, to: str = "") -> Scenario:
        async def scene(api: SimulatedApi) -> Observed:
            api.cloud.handset("447700900456", name="Sam")
            # `create_fixtures` has sent one message.
            for _ in range(messages - 2):
                await api.post(_TEXT)
            await api.sleep(then_ms)
            return await api.post(changed(_TEXT, "to", to=to) if to else _TEXT)

        return scene

    def crowd(messages: int, *, then_ms: int = 0) -> Scenario:
        async def scene(api: SimulatedApi) -> Observed:
            await api.sleep(SECOND)
            for number in range(messages - 1):
                await api.post(changed(_TEXT, "to", to=f"+{447700900200 + number}"))
            await api.sleep(then_ms)
            return await api.post(_TEXT)

        return scene

    pair = replace(SHARED, pair_every_ms=6_000)
    for count, code in ((44, None), (45, None), (46, 131056)):
        yield Case("pair rate", f"message {count} at once to one person", code, scenario=burst(count), config=pair)
    yield Case("pair rate", "5.9 s after a burst", 131056, scenario=burst(46, then_ms=5_900), config=pair)
    yield Case("pair rate", "6 s after a burst", None, scenario=burst(46, then_ms=6_000), config=pair)
    other = burst(46, to="+447700900456")
    yield Case("pair rate", "another person after a burst", None, scenario=other, config=pair)
    fast = replace(SHARED, per_second=80)
    for count, code in ((79, None), (80, None), (81, 130429)):
        yield Case("throughput", f"message {count} in one second", code, scenario=crowd(count), config=fast)
    yield Case("throughput", "0.9 s later", 130429, scenario=crowd(81, then_ms=900), config=fast)
    yield Case("throughput", "1 s later", None, scenario=crowd(81, then_ms=1_000), config=fast)
    allowed = replace(SHARED, allowed=frozenset({PERSON_PHONE}))
    listed = "Recipient phone number not in allowed list"
    yield Case("test number", "somebody on its list", None, _TEXT, config=allowed)
    stranger = changed(_TEXT, "to", to="+447700900456")
    yield Case("test number", "somebody else", 131030, stranger, text=listed, config=allowed, status=400)


def _after(ms: int, payload: Json) -> Scenario:
    async def scene(api: SimulatedApi) -> Observed:
        await api.sleep(api.person.sent[-1].at_ms + ms - api.clock.now_ms())
        return await api.send(payload)

    return scene


def _waiting() -> Iterator[Case]:
    """The 24-hour window."""
    template = SAMPLES["template"]
    yield Case("window", "23:59:59 after her last message", None, scenario=_after(DAY - SECOND, _TEXT), config=SHARED)
    for kind, payload in SAMPLES.items():
        if kind not in {"template", "reaction"}:
            yield _failing_later("window", f"{kind} after 24 hours", 131047, _after(DAY, payload))
    yield Case("window", "a template after 24 hours", None, scenario=_after(DAY, template), config=SHARED)

    async def again(api: SimulatedApi) -> Observed:
        await api.sleep(2 * DAY)
        api.person.type("Are you there?")
        return await api.send(_TEXT)

    async def never(api: SimulatedApi) -> Observed:
        api.cloud.handset("447700900456", name="Sam")
        return await api.send(changed(without(_TEXT, "context"), "to", to="+447700900456"))

    yield Case("window", "when she has written again", None, scenario=again, config=SHARED)
    yield _failing_later("window", "to somebody who never wrote", 131047, never)


def _reacting() -> Iterator[Case]:
    """Targets of reactions."""
    reaction = SAMPLES["reaction"]

    def to(wamid: str) -> Scenario:
        return lambda api: api.send(changed(reaction, "reaction", "message_id", to=wamid))

    async def to_a_reaction(api: SimulatedApi) -> Observed:
        wamid = api.person.react(api.ids[OUTBOUND], "👍")
        return await api.send(changed(reaction, "reaction", "message_id", to=wamid))

    def aged(ms: int) -> Scenario:
        async def scene(api: SimulatedApi) -> Observed:
            await api.sleep(api.person.sent[0].at_ms + ms - api.clock.now_ms())
            return await api.send(reaction)

        return scene

    always = replace(SHARED, window_ms=None)
    yield Case("reaction", "to her message", None, scenario=to(INBOUND), config=SHARED)
    yield Case("reaction", "to a message of the business", None, scenario=to(OUTBOUND), config=SHARED)
    yield _failing_later("reaction", "to a message that never was", 131009, to("wamid.X"))
    yield _failing_later("reaction", "to a reaction", 131009, to_a_reaction)
    yield Case("reaction", "to a message of 30 days", None, scenario=aged(30 * DAY), config=always)
    old = aged(30 * DAY + SECOND)
    yield Case("reaction", "to a message older than 30 days", 131009, scenario=old, config=always, later=True)


def _reading() -> Iterator[Case]:
    """The maximum age of a message that is marked as read."""

    def aged(ms: int) -> Scenario:
        async def scene(api: SimulatedApi) -> Observed:
            await api.sleep(api.person.sent[0].at_ms + ms - api.clock.now_ms())
            return await api.post(READ)

        return scene

    yield Case("mark_as_read", "a message of 30 days", None, scenario=aged(30 * DAY), config=SHARED)
    old = aged(30 * DAY + SECOND)
    yield Case("mark_as_read", "a message older than 30 days", 131009, scenario=old, config=SHARED)


def _addressing() -> Iterator[Case]:
    """Recipients by business-scoped user id."""

    def to_her(payload: Json) -> Scenario:
        async def scene(api: SimulatedApi) -> Observed:
            return await api.post({**without(payload, "to"), "recipient": api.person.user_id})

        return scene

    code = message("template", {"name": "code", "language": {"code": "en"}})
    yield Case("recipient", "her id", None, scenario=to_her(_TEXT))
    yield Case("recipient", "a one-time code to an id", 131062, scenario=to_her(code))


def _failing() -> Iterator[Case]:
    """Messages that are accepted and then fail."""

    async def blocked(api: SimulatedApi) -> Observed:
        api.person.blocked = True
        return await api.send(_TEXT)

    nobody = changed(without(_TEXT, "context"), "to", to="+447700900999")
    yield _failing_later("delivery", "to a number without WhatsApp", 131026, _sending(nobody))
    yield _failing_later("delivery", "to somebody who blocked the business", 131026, blocked)
    for kind in MEDIA:
        gone = changed(SAMPLES[kind], kind, to={"link": "https://files.example/gone"})
        there = SAMPLES[kind]

        yield _failing_later(kind, "by a link that cannot be fetched", 131053, _sending(gone))
        yield Case(kind, "by a link that can be fetched", None, scenario=_sending(there), config=SHARED)
    for used, file in (("image", "sticker"), ("sticker", "image"), ("video", "audio"), ("document", "image")):
        wrong = changed(SAMPLES[used], used, to={"id": MEDIA[file]})
        yield _failing_later(used, f"by the id of a file of kind {file}", 131053, _sending(wrong))
