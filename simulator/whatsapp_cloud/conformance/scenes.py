"""Cases that need more than one request: time that passes, files, rates, and who may ask."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Final

from .case import Case, changed, without
from .observed import Json, Observed
from .place import BUSINESS, SHARED, TARIRO, SimulatedPlace, given
from .samples import INBOUND, MEDIA, OUTBOUND, READ, SAMPLES, message

__all__ = ("played",)

SECOND: Final = 1_000
MINUTE: Final = 60 * SECOND
DAY: Final = 24 * 60 * MINUTE
_TEXT: Final = SAMPLES["text"]
_GRAPH: Final = (
    "Unsupported {verb} request. Object with ID '1' does not exist, cannot be loaded due to missing permissions"
)
_Scene = Callable[[SimulatedPlace], Awaitable[Observed]]


def played() -> Iterator[Case]:
    """All of them."""
    for make in (_asking, _pacing, _waiting, _reacting, _reading, _addressing, _failing):
        yield from make()


def _failing_later(kind: str, rule: str, code: int, play: _Scene) -> Case:
    """A message that is accepted, and then fails with this code."""
    return Case(kind, rule, code, play=play, later=True, config=SHARED)


def _sending(payload: Json) -> _Scene:
    return lambda place: place.send(payload)


def _asking() -> Iterator[Case]:
    """Who may ask, and where."""

    def as_(authorization: str) -> _Scene:
        return lambda place: place.post(_TEXT, authorization=authorization)

    def at(path: str, method: str = "POST") -> _Scene:
        async def scene(place: SimulatedPlace) -> Observed:
            return given(await place.ask(method, path, json=place.filled(_TEXT) if method == "POST" else None))

        return scene

    async def expired(place: SimulatedPlace) -> Observed:
        place.cloud.account.tokens.ends_ms = place.clock.now_ms()
        return await place.post(_TEXT)

    async def nearly_expired(place: SimulatedPlace) -> Observed:
        place.cloud.account.tokens.ends_ms = place.clock.now_ms() + 1
        return await place.post(_TEXT)

    async def withdrawn(place: SimulatedPlace) -> Observed:
        place.cloud.account.tokens.withdrawn = True
        return await place.post(_TEXT)

    async def no_json(place: SimulatedPlace) -> Observed:
        return given(await place.ask("POST", content=b"{"))

    said = "Error validating access token: Session has expired on "
    garbage = "Invalid OAuth access token - Cannot parse access token"
    yield Case("token", "none", 104, play=as_(""), status=401)
    yield Case("token", "of another scheme", 104, play=as_("Basic a-token"), status=401)
    yield Case("token", "garbage", 190, play=as_("Bearer wrong"), status=401, said=garbage)
    yield Case("token", "expired", 190, play=expired, status=401, subcode=463, said=said, config=SHARED)
    yield Case("token", "a moment before it expires", None, play=nearly_expired, config=SHARED)
    yield Case("token", "taken back", 0, play=withdrawn, status=401, config=SHARED)
    number, account = BUSINESS.phone_number_id, BUSINESS.business_id
    for version in ("v16.0", "v25.0", "v101.12"):
        yield Case("path", f"version {version}", None, play=at(f"/{version}/{number}/messages"))
    for version in ("25.0", "v25", "latest"):
        yield Case("path", f"version {version}", 2500, play=at(f"/{version}/{number}/messages"), status=400)
    yield Case("path", "an edge that is none", 2500, play=at(f"/v25.0/{number}/letters"))
    no_node = partial(Case, "path", subcode=33, type="GraphMethodException", status=400)
    post, get = _GRAPH.format(verb="post"), _GRAPH.format(verb="get")
    yield no_node("another number's id", 100, play=at("/v25.0/1/messages"), said=post)
    yield no_node("looking at nothing", 100, play=at("/v25.0/1", "GET"), said=get)
    yield no_node("another account's forms", 100, play=at("/v25.0/1/flows", "GET"), said=get)
    yield Case("path", "looking at the number", None, play=at(f"/v25.0/{number}", "GET"))
    yield Case("path", "looking at the account", None, play=at(f"/v25.0/{account}", "GET"))
    yield Case("any", "a body that is no JSON", 100, play=no_json, status=400)


def _pacing() -> Iterator[Case]:
    """How fast, how many, and to whom."""

    def burst(messages: int, *, then_ms: int = 0, to: str = "") -> _Scene:
        async def scene(place: SimulatedPlace) -> Observed:
            place.cloud.handset("263712345678", name="Farai")
            # One message went to her when the world was made.
            for _ in range(messages - 2):
                await place.post(_TEXT)
            await place.sleep(then_ms)
            return await place.post(changed(_TEXT, "to", to=to) if to else _TEXT)

        return scene

    def crowd(messages: int, *, then_ms: int = 0) -> _Scene:
        async def scene(place: SimulatedPlace) -> Observed:
            await place.sleep(SECOND)
            for number in range(messages - 1):
                await place.post(changed(_TEXT, "to", to=f"+{263772000000 + number}"))
            await place.sleep(then_ms)
            return await place.post(_TEXT)

        return scene

    pair = replace(SHARED, pair_every_ms=6_000)
    for count, code in ((44, None), (45, None), (46, 131056)):
        yield Case("pair rate", f"message {count} at once to one person", code, play=burst(count), config=pair)
    yield Case("pair rate", "5.9 s after a burst", 131056, play=burst(46, then_ms=5_900), config=pair)
    yield Case("pair rate", "6 s after a burst", None, play=burst(46, then_ms=6_000), config=pair)
    other = burst(46, to="+263712345678")
    yield Case("pair rate", "another person after a burst", None, play=other, config=pair)
    fast = replace(SHARED, per_second=80)
    for count, code in ((79, None), (80, None), (81, 130429)):
        yield Case("throughput", f"message {count} in one second", code, play=crowd(count), config=fast)
    yield Case("throughput", "0.9 s later", 130429, play=crowd(81, then_ms=900), config=fast)
    yield Case("throughput", "1 s later", None, play=crowd(81, then_ms=1_000), config=fast)
    allowed = replace(SHARED, allowed=frozenset({TARIRO}))
    listed = "Recipient phone number not in allowed list"
    yield Case("test number", "somebody on its list", None, _TEXT, config=allowed)
    stranger = changed(_TEXT, "to", to="+263712345678")
    yield Case("test number", "somebody else", 131030, stranger, said=listed, config=allowed, status=400)


def _after(ms: int, payload: Json) -> _Scene:
    async def scene(place: SimulatedPlace) -> Observed:
        await place.sleep(place.tariro.written[-1].at_ms + ms - place.clock.now_ms())
        return await place.send(payload)

    return scene


def _waiting() -> Iterator[Case]:
    """The 24 hours after a person's last message."""
    template = SAMPLES["template"]
    yield Case("window", "23:59:59 after her last message", None, play=_after(DAY - SECOND, _TEXT), config=SHARED)
    for kind, payload in SAMPLES.items():
        if kind not in {"template", "reaction"}:
            yield _failing_later("window", f"{kind} after 24 hours", 131047, _after(DAY, payload))
    yield Case("window", "a template after 24 hours", None, play=_after(DAY, template), config=SHARED)

    async def again(place: SimulatedPlace) -> Observed:
        await place.sleep(2 * DAY)
        place.tariro.type("Are you there?")
        return await place.send(_TEXT)

    async def never(place: SimulatedPlace) -> Observed:
        place.cloud.handset("263712345678", name="Farai")
        return await place.send(changed(without(_TEXT, "context"), "to", to="+263712345678"))

    yield Case("window", "when she has written again", None, play=again, config=SHARED)
    yield _failing_later("window", "to somebody who never wrote", 131047, never)


def _reacting() -> Iterator[Case]:
    """What can be reacted to."""
    reaction = SAMPLES["reaction"]

    def to(wamid: str) -> _Scene:
        return lambda place: place.send(changed(reaction, "reaction", "message_id", to=wamid))

    async def to_a_reaction(place: SimulatedPlace) -> Observed:
        wamid = place.tariro.react(place.names[OUTBOUND], "👍")
        return await place.send(changed(reaction, "reaction", "message_id", to=wamid))

    def aged(ms: int) -> _Scene:
        async def scene(place: SimulatedPlace) -> Observed:
            await place.sleep(place.tariro.written[0].at_ms + ms - place.clock.now_ms())
            return await place.send(reaction)

        return scene

    always = replace(SHARED, window_ms=None)
    yield Case("reaction", "to her message", None, play=to(INBOUND), config=SHARED)
    yield Case("reaction", "to a message of the business", None, play=to(OUTBOUND), config=SHARED)
    yield _failing_later("reaction", "to a message that never was", 131009, to("wamid.X"))
    yield _failing_later("reaction", "to a reaction", 131009, to_a_reaction)
    yield Case("reaction", "to a message of 30 days", None, play=aged(30 * DAY), config=always)
    old = aged(30 * DAY + SECOND)
    yield Case("reaction", "to a message older than 30 days", 131009, play=old, config=always, later=True)


def _reading() -> Iterator[Case]:
    """How old a message may be that is marked as read."""

    def aged(ms: int) -> _Scene:
        async def scene(place: SimulatedPlace) -> Observed:
            await place.sleep(place.tariro.written[0].at_ms + ms - place.clock.now_ms())
            return await place.post(READ)

        return scene

    yield Case("mark_as_read", "a message of 30 days", None, play=aged(30 * DAY), config=SHARED)
    old = aged(30 * DAY + SECOND)
    yield Case("mark_as_read", "a message older than 30 days", 131009, play=old, config=SHARED)


def _addressing() -> Iterator[Case]:
    """People by their business-scoped id."""

    def to_her(payload: Json) -> _Scene:
        async def scene(place: SimulatedPlace) -> Observed:
            return await place.post({**without(payload, "to"), "recipient": place.tariro.user_id})

        return scene

    code = message("template", {"name": "code", "language": {"code": "en"}})
    yield Case("recipient", "her id", None, play=to_her(_TEXT))
    yield Case("recipient", "a one-time code to an id", 131062, play=to_her(code))


def _failing() -> Iterator[Case]:
    """What is accepted and then not delivered."""

    async def blocked(place: SimulatedPlace) -> Observed:
        place.tariro.blocked = True
        return await place.send(_TEXT)

    nobody = changed(without(_TEXT, "context"), "to", to="+263719999999")
    yield _failing_later("delivery", "to a number without WhatsApp", 131026, _sending(nobody))
    yield _failing_later("delivery", "to somebody who blocked the business", 131026, blocked)
    for kind in MEDIA:
        gone = changed(SAMPLES[kind], kind, to={"link": "https://files.example/gone"})
        there = SAMPLES[kind]

        yield _failing_later(kind, "by a link that cannot be fetched", 131053, _sending(gone))
        yield Case(kind, "by a link that can be fetched", None, play=_sending(there), config=SHARED)
    for used, file in (("image", "sticker"), ("sticker", "image"), ("video", "audio"), ("document", "image")):
        wrong = changed(SAMPLES[used], used, to={"id": MEDIA[file]})
        yield _failing_later(used, f"by the id of a file of kind {file}", 131053, _sending(wrong))
