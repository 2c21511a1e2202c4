"""Envelopes with something wrong in them, made from real ones by chance.

Two kinds. In a *mixed* one all is broken but some messages, and what stands around those; they must be kept.
In a *wild* one anything is broken, down to the bytes; it must do no harm.
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

__all__ = ("PHONE_NUMBER_ID", "Envelope", "Known", "mixed", "wild")

WEBHOOKS: Final = Path(__file__).parents[1] / "fixtures" / "webhooks"
PHONE_NUMBER_ID: Final = "700100200300400"
VALID: Final = (
    "text",
    "text_emoji",
    "button_reply",
    "list_reply",
    "form_reply",
    "image",
    "reaction",
    "template_button",
)
KEYS: Final = ("id", "from", "type", "text", "messages", "timestamp", "interactive", "statuses", "value", "changes")

# What no JSON writer would write stands in the text for a moment, and is put in its place after writing.
MARK: Final = "@@{}@@"


@dataclass(frozen=True)
class Envelope:
    """A body, and the messages in it that must be kept: member → wamids, in their order."""

    body: bytes
    valid: dict[str, list[str]]
    about: str


@dataclass(frozen=True)
class Known:
    """The real envelopes by name, and what they are made of by kind."""

    envelopes: dict[str, Any]
    parts: dict[str, list[Any]]

    @classmethod
    def read(cls) -> Known:
        """From the fixtures."""
        envelopes = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(WEBHOOKS.glob("*.json"))}
        kinds = ("entry", "change", "contacts", "message", "status")
        return cls(
            envelopes,
            {kind: [part for envelope in envelopes.values() for part in _parts(envelope, kind)] for kind in kinds},
        )

    def part(self, rng: random.Random, kind: str) -> Any:
        """One of a kind."""
        return copy.deepcopy(rng.choice(self.parts[kind]))


def mixed(rng: random.Random, number: int, known: Known) -> Envelope:
    """A well-formed envelope of which only some messages are sound."""
    valid: dict[str, list[str]] = {}
    entries: list[Any] = []
    for _ in range(rng.randint(1, 3)):
        changes = [_change(rng, number, known, valid) for _ in range(rng.randint(1, 3))]
        changes += [_broken(rng, known.part(rng, "change")) for _ in range(rng.randint(0, 2))]
        rng.shuffle(changes)
        entries.append(_spoilt(rng, {"id": "310020003000400", "changes": changes}, spare=("changes",)))
    entries += [_broken(rng, known.part(rng, "entry")) for _ in range(rng.randint(0, 2))]
    # Order within a member is the order of the envelope, so this is settled before it is read off.
    rng.shuffle(entries)
    envelope = _spoilt(rng, {"object": "whatsapp_business_account", "entry": entries}, spare=("object", "entry"))
    body = _written(rng, envelope)
    ordered = {who: sorted(each, key=lambda one: body.index(f'"{one}"'.encode())) for who, each in valid.items()}
    return Envelope(body, ordered, "mixed")


def wild(rng: random.Random, known: Known) -> Envelope:
    """Anything may be wrong with it."""
    name = rng.choice(list(known.envelopes))
    body = _written(rng, _mutated(rng, known.envelopes[name], rng.randint(0, 12)))
    for _ in range(rng.choice((0, 0, 0, 1, 1, 4))):
        body = rng.choice(_BYTES)(rng, body)
    return Envelope(body, {}, f"wild {name}")


# -- sound messages among broken ones ---------------------------------------------------------------------------------


def _change(rng: random.Random, number: int, known: Known, valid: dict[str, list[str]]) -> Any:
    """A change with sound messages, its other parts broken."""
    messages: list[Any] = []
    for _ in range(rng.randint(0, 3)):
        member = f"2637{number % 10_000_000:07}{rng.randint(0, 1)}"
        wamid = f"wamid.valid-{number}-{sum(map(len, valid.values()))}"
        valid.setdefault(member, []).append(wamid)
        sound = copy.deepcopy(_message(known.envelopes[rng.choice(VALID)]))
        messages.append({**sound, "from": member, "id": wamid})
    messages += [_broken(rng, known.part(rng, "message")) for _ in range(rng.randint(0, 4))]
    rng.shuffle(messages)
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "263242555000", "phone_number_id": PHONE_NUMBER_ID},
        "contacts": known.part(rng, "contacts"),
        "statuses": [known.part(rng, "status") for _ in range(rng.randint(0, 2))],
        "messages": messages,
    }
    spoilt = _spoilt(rng, value, spare=("metadata", "messages"))
    return _spoilt(rng, {"field": "messages", "value": spoilt}, spare=("field", "value"))


def _spoilt(rng: random.Random, whole: dict[str, Any], *, spare: tuple[str, ...]) -> dict[str, Any]:
    """All but some keys mutated, and a few that nobody knows added; keys in any order."""
    parts = [(key, value if key in spare else _broken(rng, value)) for key, value in whole.items()]
    parts += [(f"new_{index}", _junk(rng)) for index in range(rng.choice((0, 0, 1, 2)))]
    rng.shuffle(parts)
    return {key: value for key, value in parts if key in spare or rng.random() > 0.2}


def _parts(envelope: Any, what: str) -> Iterator[Any]:
    for entry in envelope["entry"]:
        if what == "entry":
            yield entry
        for change in entry["changes"]:
            value = change["value"]
            match what:
                case "change":
                    yield change
                case "contacts" if "contacts" in value:
                    yield value["contacts"]
                case "message" | "status":
                    yield from value.get({"message": "messages", "status": "statuses"}[what], [])


def _message(envelope: Any) -> dict[str, Any]:
    first: dict[str, Any] = next(_parts(envelope, "message"))
    return first


# -- mutations of values ----------------------------------------------------------------------------------------------


def _broken(rng: random.Random, value: Any) -> Any:
    return _junk(rng) if rng.random() < 0.1 else _mutated(rng, value, rng.randint(1, 6))


def _mutated(rng: random.Random, value: Any, times: int) -> Any:
    root = [copy.deepcopy(value)]
    for _ in range(times):
        holder, key = rng.choice(list(_places(root)))
        rng.choice(_MUTATIONS)(rng, holder, key)
    return root[0] if root else None


def _places(holder: Any) -> Iterator[tuple[Any, Any]]:
    keys = list(holder) if isinstance(holder, dict) else range(len(holder))
    for key in keys:
        yield holder, key
        if isinstance(holder[key], dict | list):
            yield from _places(holder[key])


def _remove(_: random.Random, holder: Any, key: Any) -> None:
    # The root stays, so that there is something left to mutate.
    if isinstance(holder, dict) or len(holder) > 1:
        del holder[key]
    else:
        holder[key] = None


def _replace(rng: random.Random, holder: Any, key: Any) -> None:
    holder[key] = _junk(rng)


def _wrap(rng: random.Random, holder: Any, key: Any) -> None:
    holder[key] = rng.choice(([holder[key]], {"value": holder[key]}, [holder[key], holder[key]], [[holder[key]]]))


def _retype(rng: random.Random, holder: Any, key: Any) -> None:
    value = holder[key]
    holder[key] = rng.choice((str(value), [value], bool(value), None, list(value) if isinstance(value, dict) else {}))


def _rename(rng: random.Random, holder: Any, key: Any) -> None:
    if isinstance(holder, dict):
        holder[rng.choice((*KEYS, "", "\ud800", "x" * 1000, key.upper()))] = holder.pop(key)
    else:
        holder.insert(0, holder[key])


def _double(rng: random.Random, holder: Any, key: Any) -> None:
    """The same key twice, with two values."""
    if isinstance(holder, dict):
        holder[MARK.format(f"key:{key}")] = _junk(rng)
    else:
        holder.append(holder[key])


def _swap(rng: random.Random, holder: Any, key: Any) -> None:
    other = rng.choice(list(holder) if isinstance(holder, dict) else list(range(len(holder))))
    holder[key], holder[other] = holder[other], holder[key]


_MUTATIONS: Final[tuple[Callable[[random.Random, Any, Any], None], ...]] = (
    *(_remove, _remove, _replace, _replace, _wrap, _retype, _rename, _double, _swap),
)


def _junk(rng: random.Random) -> Any:
    """A value of any kind, the awkward ones above all."""
    return rng.choice(
        (
            lambda: None,
            lambda: rng.choice((True, False, 0, -1, 1.5, -0.0, 1e308, float("nan"), float("inf"))),
            lambda: rng.choice(
                ("", " ", "0", "null", "wamid.", "263771234567", "\ud800", "\udfff\ud800", "\x00", "{}")
            ),
            lambda: rng.randint(-(2**70), 2**70),
            lambda: MARK.format(f"number:{rng.choice((31, 400, 5000))}"),
            lambda: MARK.format(f"exponent:{rng.choice((400, 99999))}"),
            lambda: MARK.format(f"deep:{rng.choice((70, 70, 900, 900, 20_000))}:{rng.choice('[{')}"),
            lambda: MARK.format("bytes"),
            lambda: "🤖" * rng.choice((1, 100)),
            lambda: rng.choice("aé\u202e\ud83d") * rng.choice((64, 64, 5_000, 5_000, 70_000)),
            list,
            dict,
            lambda: [None] * rng.randint(1, 30),
            lambda: {"id": "wamid.x", "from": "263771234567", "type": "text", "text": {"body": []}},
            lambda: rng.sample(KEYS, 3),
        )
    )()


# -- the text ---------------------------------------------------------------------------------------------------------


def _written(rng: random.Random, value: Any) -> bytes:
    """As JSON, now and then spaced out; what was marked is put in its place."""
    text = json.dumps(value, indent=rng.choice((None, None, None, 1)))
    pieces = text.split('"@@')
    written = [pieces[0].encode("utf-8", "surrogatepass")]
    for piece in pieces[1:]:
        # A mark may have been cut up by another mutation: then it is a text like others.
        mark, closed, rest = piece.partition('@@"')
        made = _unmarked(mark) if closed else None
        written.append((f'"@@{piece}' if made is None else "").encode() + (made or b""))
        written.append(rest.encode() if made is not None else b"")
    return b"".join(written)


def _unmarked(mark: str) -> bytes | None:
    kind, _, given = mark.partition(":")
    match kind:
        case "key":
            return f'"{given}"'.encode() if given.isidentifier() else b'"type"'
        case "number":
            return b"9" * int(given)
        case "exponent":
            return b"1e" + given.encode()
        case "deep":
            times, _, bracket = given.partition(":")
            opening, closing = (b"[", b"]") if bracket == "[" else (b'{"a":', b"}")
            return opening * int(times) + b"0" + closing * int(times)
        case "bytes":
            return b'"\xff\xc3\xed\xa0\x80 \xc0"'
        case _:
            return None


def _cut(rng: random.Random, body: bytes) -> bytes:
    return body[: rng.randint(0, len(body))]


def _flip(rng: random.Random, body: bytes) -> bytes:
    place = rng.randrange(len(body) or 1)
    return body[:place] + rng.randbytes(rng.choice((1, 1, 4))) + body[place + 1 :]


def _insert(rng: random.Random, body: bytes) -> bytes:
    place = rng.randint(0, len(body))
    given = rng.choice((b"}", b"]", b'"', b"\\", b",", b"\x00", b"\xff", b"[" * 3000, b'{"a":' * 3000, b"\xed\xa0\x80"))
    return body[:place] + given + body[place:]


def _recode(rng: random.Random, body: bytes) -> bytes:
    return body.decode("utf-8", "replace").encode(rng.choice(("utf-16", "utf-32", "utf-8-sig", "utf-16-be")), "replace")


_BYTES: Final[tuple[Callable[[random.Random, bytes], bytes], ...]] = (
    *(_cut, _flip, _flip, _insert, _insert, _recode),
    lambda rng, body: body * rng.choice((0, 2)),
    lambda rng, body: b"[" * rng.choice((1, 5000)) + body,
    lambda rng, _: rng.randbytes(rng.choice((0, 1, 100, 4000))),
)
