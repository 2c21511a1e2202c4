"""Cases for further rules, each with a valid and an invalid request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from .api_under_test import BUSINESS
from .case import Case, changed, without
from .observed import Json
from .samples import DRAFT, FORM_NAME, MEDIA, OUTBOUND, READ, SAMPLES, message

__all__ = ("rule_cases",)

_ACTION: Final = ("interactive", "action")
_FLOW: Final = (*_ACTION, "parameters")
_LINK: Final = "https://files.example/a"


def rule_cases() -> Iterator[Case]:
    """All cases of this module."""
    for make in (
        _common,
        _addressed,
        _buttons,
        _lists,
        _headers,
        _links,
        _flows,
        _files,
        _people,
        _templates,
        _reading,
    ):
        yield from make()


def _common() -> Iterator[Case]:
    text = SAMPLES["text"]
    yield Case("any", "a type that nobody knows", 100, message("poem", {}), text="(#100) Param type must be one of {")
    yield Case("any", "the type in capitals", None, changed(text, "type", to="TEXT"))
    yield Case("any", "another product", 100, changed(text, "messaging_product", to="sms"))
    yield Case("any", "recipient_type group", 100, changed(text, "recipient_type", to="group"))
    yield Case("any", "two contents", 100, {**text, "image": {"link": _LINK}})
    yield Case("any", "an array in place of an object", 100, payload=[])  # type: ignore[arg-type]
    yield Case("any", "no object at all", 100, payload="Hello")  # type: ignore[arg-type]
    yield Case("any", "an identity key hash", None, {**text, "recipient_identity_key_hash": "DF2lS5v2W6x="})
    missing = "(#100) The parameter text['body'] is required."
    yield Case("text", "the words for a missing body", 100, without(text, "text", "body"), text=missing, status=400)
    wrong = "(#100) Param text['body'] must be a string."
    yield Case("text", "the words for a wrong type", 100, changed(text, "text", "body", to=5), text=wrong, status=400)
    yield Case("text", "an emoji counts once", None, changed(text, "text", "body", to="👍" * 4096))


def _addressed() -> Iterator[Case]:
    text = SAMPLES["text"]
    for to in ("447700900123", "+44 7700 900-123", "+44 (7700) 900123"):
        yield Case("to", f"{to}", None, changed(text, "to", to=to))
    for to in ("12", "abc", "+447700900123456789"):
        yield Case("to", f"{to} is no number", 131009, changed(text, "to", to=to))
    yield Case("to", "empty", 100, changed(text, "to", to=""), text="The parameter to is required.")
    own = changed(text, "to", to="+" + BUSINESS.display_phone_number)
    yield Case("to", "the sender's own number", 131021, own, status=400)
    nobody = without(text, "to")
    yield Case("recipient", "nobody's id", 131009, {**nobody, "recipient": "GB.1"})
    yield Case("recipient", "no id at all", 131009, {**nobody, "recipient": "447700900123"})
    yield Case("recipient", "with to, which wins", None, {**text, "recipient": "GB.1"})


def _reply(identity: str, title: str) -> Json:
    return {"type": "reply", "reply": {"id": identity, "title": title}}


def _buttons() -> Iterator[Case]:
    def with_(*buttons: Json) -> Json:
        return changed(SAMPLES["button"], *_ACTION, "buttons", to=list(buttons))

    yield Case("button", "ids that are the same", 131009, with_(_reply("a", "A"), _reply("a", "B")))
    yield Case("button", "titles that are the same", 131009, with_(_reply("a", "A"), _reply("b", "A")))
    yield Case("button", "ids that differ in case", None, with_(_reply("a", "A"), _reply("A", "B")))
    yield Case("button", "a space before the id", 131009, with_(_reply(" a", "A")))
    yield Case("button", "a space after the id", 131009, with_(_reply("a ", "A")))
    yield Case("button", "a space within the id", None, with_(_reply("a b", "A")))
    yield Case("button", "an emoji in the title", None, with_(_reply("a", "👍 Yes")))
    yield Case("button", "no reply button", 100, with_({"type": "url", "reply": {"id": "a", "title": "A"}}))
    yield Case("button", "without a body", 100, without(SAMPLES["button"], "interactive", "body"))


def _lists() -> Iterator[Case]:
    def with_(*sections: Json) -> Json:
        return changed(SAMPLES["list"], *_ACTION, "sections", to=list(sections))

    def row(identity: str) -> Json:
        return {"id": identity, "title": "T"}

    one, other = {"title": "A", "rows": [row("1")]}, {"title": "B", "rows": [row("2")]}
    yield Case("list", "one section without a title", None, with_({"rows": [row("1")]}))
    yield Case("list", "two sections, one without a title", 131009, with_(one, {"rows": [row("2")]}))
    yield Case("list", "two sections, one with an empty title", 131009, with_(one, {**other, "title": ""}))
    yield Case("list", "a section without rows", 131009, with_(one, {"title": "B", "rows": []}))
    yield Case("list", "row ids that are the same", 131009, with_({"rows": [row("1"), row("1")]}))
    yield Case("list", "row ids that are the same in two sections", 131009, with_(one, {**other, "rows": [row("1")]}))
    yield Case("list", "row titles that are the same", None, with_({"rows": [row("1"), row("2")]}))
    half = [row(str(number)) for number in range(5)]
    rest = [row(str(number)) for number in range(5, 11)]
    text = "Total row count exceed max allowed count: 10"
    yield Case("list", "10 rows in two sections", None, with_({**one, "rows": half}, {**other, "rows": rest[:5]}))
    yield Case("list", "11 in two sections", 131009, with_({**one, "rows": half}, {**other, "rows": rest}), text=text)


def _headers() -> Iterator[Case]:
    takes = {"text", "image", "video", "document"}
    for kind in ("button", "cta_url", "flow", "list"):
        allowed = {"text"} if kind == "list" else takes
        for header in ("text", "image", "video", "document", "audio"):
            content: Any = "Above" if header == "text" else {"link": _LINK}
            payload = changed(SAMPLES[kind], "interactive", "header", to={"type": header, header: content})
            yield Case(kind, f"a header of type {header}", None if header in allowed else 100, payload)
    by_id = changed(SAMPLES["button"], "interactive", "header", to={"type": "image", "image": {"id": MEDIA["image"]}})
    image = ("interactive", "header", "image")
    yield Case("button", "a header's image by id", None, by_id)
    yield Case("button", "a header's image by an unknown id", 131009, changed(by_id, *image, "id", to="1"))
    yield Case("button", "a header's image by id and link", 131009, changed(by_id, *image, "link", to=_LINK))
    yield Case("button", "a header's image by neither", 131009, changed(by_id, *image, to={}))
    for kind in ("location_request_message", "request_contact_info"):
        above = {"type": "text", "text": "Above"}
        yield Case(kind, "with a header", 100, changed(SAMPLES[kind], "interactive", "header", to=above))
        yield Case(kind, "with another action", 100, changed(SAMPLES[kind], *_ACTION, "name", to="send_money"))


def _links() -> Iterator[Case]:
    for url, code in (
        ("http://shop.example", None),
        ("https://shop.example/a?b=c#d", None),
        ("HTTPS://SHOP.EXAMPLE", None),
        ("ftp://shop.example", 131009),
        ("shop.example", 131009),
        ("https://", 131009),
        ("https://exa mple.com", 131009),
        ("javascript:alert(1)", 131009),
        ("", 131009),
    ):
        yield Case("cta_url", f"url {url!r}", code, changed(SAMPLES["cta_url"], *_FLOW, "url", to=url))
        yield Case("image", f"link {url!r}", code, changed(SAMPLES["image"], "image", "link", to=url))


def _flows() -> Iterator[Case]:
    flow = SAMPLES["flow"]

    def with_(**changes: Any) -> Json:
        parameters = {**flow["interactive"]["action"]["parameters"], **changes}
        kept = {key: value for key, value in parameters.items() if value is not None}
        return changed(flow, *_FLOW, to=kept)

    yield Case("flow", "message version 4", 131009, with_(flow_message_version="4"))
    yield Case("flow", "an id and a name", 131009, with_(flow_name=FORM_NAME))
    yield Case("flow", "neither id nor name", 131009, with_(flow_id=None))
    yield Case("flow", "a name only", None, with_(flow_id=None, flow_name=FORM_NAME))
    yield Case("flow", "an unknown name", 131009, with_(flow_id=None, flow_name="nobody's"))
    yield Case("flow", "an unknown id", 131009, with_(flow_id="1"))
    yield Case("flow", "a draft, as published", 131009, with_(flow_id=DRAFT))
    yield Case("flow", "a draft, without a mode", 131009, with_(flow_id=DRAFT, mode=None))
    yield Case("flow", "a draft, as a draft", None, with_(flow_id=DRAFT, mode="draft"))
    yield Case("flow", "a published one, as a draft", 131009, with_(mode="draft"))
    yield Case("flow", "a mode that is none", 100, with_(mode="live"))
    for label, words in (("an emoji", "Go 👍"), ("an emoji of the old kind", "Go ☎"), ("a keycap", "1\ufe0f\u20e3")):
        yield Case("flow", f"{label} in flow_cta", 131009, with_(flow_cta=words))
    yield Case("flow", "accents in flow_cta", None, with_(flow_cta="Créer"))
    yield Case("flow", "a payload with data_exchange", 131009, with_(flow_action="data_exchange"))
    exchange = with_(flow_action="data_exchange", flow_action_payload=None)
    yield Case("flow", "data_exchange without a payload", None, exchange)
    yield Case("flow", "an action that is none", 100, with_(flow_action="fly"))
    empty = with_(flow_action_payload={"screen": "REGISTER", "data": {}})
    yield Case("flow", "data that is empty", 131009, empty)


def _files() -> Iterator[Case]:
    for kind in MEDIA:
        sample = SAMPLES[kind]
        by_id = changed(sample, kind, to={"id": MEDIA[kind]})
        yield Case(kind, "by id", None, by_id)
        yield Case(kind, "by an id that nobody uploaded", 131009, changed(by_id, kind, "id", to="1"))
        yield Case(kind, "by id and link", 131009, changed(by_id, kind, "link", to=_LINK))
        yield Case(kind, "by neither id nor link", 131009, changed(sample, kind, to={}))
    for kind in ("audio", "sticker"):
        yield Case(kind, "with a caption", 100, changed(SAMPLES[kind], kind, "caption", to="Hear this"))
    yield Case("image", "with a file name", 100, changed(SAMPLES["image"], "image", "filename", to="a.png"))


def _people() -> Iterator[Case]:
    contacts, location = SAMPLES["contacts"], SAMPLES["location"]
    only = changed(contacts, "contacts", 0, "name", to={"formatted_name": "Sam"})
    yield Case("contacts", "a name of one part", 131009, only)
    for part in ("first_name", "last_name", "middle_name", "suffix", "prefix"):
        yield Case("contacts", f"with {part}", None, changed(only, "contacts", 0, "name", part, to="Sam"))
    for latitude, longitude, code in (
        (90, 180, None),
        (-90, -180, None),
        ("51.4779", "-0.0015", None),
        (90.1, 0, 131009),
        (-90.1, 0, 131009),
        (0, 180.1, 131009),
        (0, -180.1, 131009),
        ("north", 0, 100),
        (True, 0, 100),
    ):
        place = {"latitude": latitude, "longitude": longitude}
        yield Case("location", f"{latitude}, {longitude}", code, changed(location, "location", to=place))
    reaction = SAMPLES["reaction"]
    yield Case("reaction", "taken back", None, changed(reaction, "reaction", "emoji", to=""))
    yield Case("reaction", "with a context", 131009, {**reaction, "context": {"message_id": "wamid.X"}})


def _template(name: str, *components: Json, language: str = "en", **more: Any) -> Json:
    return message("template", {"name": name, "language": {"code": language}, "components": list(components)}, **more)


def _texts(*values: str, part: str = "body", **named: str) -> Json:
    parameters: list[Json] = [{"type": "text", "text": value} for value in values]
    parameters += [{"type": "text", "parameter_name": name, "text": value} for name, value in named.items()]
    return {"type": part, "parameters": parameters}


def _button(index: int, kind: str, **parameter: Any) -> Json:
    return {"type": "button", "sub_type": kind, "index": index, "parameters": [parameter] if parameter else []}


def _templates() -> Iterator[Case]:
    yield from _named_templates()
    yield from _headed_templates()
    yield from _buttoned_templates()


def _named_templates() -> Iterator[Case]:
    yield Case("template", "a name that nobody knows", 132001, _template("nobody"), status=404)
    yield Case("template", "another language", 132001, _template("plain", language="en_US"), status=404)
    yield Case("template", "without parameters", None, _template("plain"))
    yield Case("template", "paused", 132015, _template("slept"))
    yield Case("template", "disabled", 132016, _template("gone"))
    few = "body: number of localizable_params (1) does not match the expected number of params (3)"
    yield Case("template", "three parameters", None, _template("counted", _texts("a", "b", "c")))
    yield Case("template", "one of three parameters", 132000, _template("counted", _texts("a")), text=few)
    yield Case("template", "four of three parameters", 132000, _template("counted", _texts("a", "b", "c", "d")))
    yield Case("template", "a parameter too many", 132000, _template("plain", _texts("a")))
    yield Case("template", "a named parameter", None, _template("named", _texts(name="Alex")))
    yield Case("template", "another named parameter", 132012, _template("named", _texts(nome="Alex")))
    yield Case("template", "a named parameter without its name", 132012, _template("named", _texts("Alex")))
    for label, words, code in (
        ("a newline", "a\nb", 132018),
        ("a carriage return", "a\rb", 132018),
        ("a tab", "a\tb", 132018),
        ("4 spaces in a row", "a    b", None),
        ("5 spaces in a row", "a     b", 132018),
    ):
        yield Case("template", f"{label} in a parameter", code, _template("named", _texts(name=words)))
    yield Case("template", "an empty parameter", 131008, _template("named", _texts(name="")))
    image = {"type": "body", "parameters": [{"type": "image", "image": {"link": _LINK}}]}
    yield Case("template", "a picture in the body", 132012, _template("named", image))
    yield Case("template", "one-time code to a number", None, _template("code"))


def _headed_templates() -> Iterator[Case]:
    def header(kind: str, content: Any) -> Json:
        return {"type": "header", "parameters": [{"type": kind, kind: content}]}

    place = {"latitude": 51.5, "longitude": 0.0, "name": "Greenwich", "address": "Blackheath Avenue"}
    yield Case("template", "a picture above, by link", None, _template("picture", header("image", {"link": _LINK})))
    picture = _template("picture", header("image", {"id": MEDIA["image"]}))
    yield Case("template", "a picture above, by id", None, picture)
    unknown = _template("picture", header("image", {"id": "1"}))
    yield Case("template", "a picture above, by an unknown id", 131009, unknown)
    yield Case("template", "a picture above, missing", 132012, _template("picture"))
    yield Case(
        "template", "a video in place of a picture", 132012, _template("picture", header("video", {"link": _LINK}))
    )
    yield Case("template", "a text in place of a picture", 132012, _template("picture", _texts("x", part="header")))
    yield Case("template", "a place above", None, _template("place", header("location", place)))
    yield Case("template", "a text in place of a place", 132012, _template("place", _texts("x", part="header")))
    above = header("image", {"link": _LINK})
    yield Case("template", "a picture in place of a text", 132012, _template("status_update", above, _texts("x")))
    missing = "header: number of localizable_params (0) does not match the expected number of params (1)"
    yield Case(
        "template", "a header's parameter missing", 132000, _template("status_update", _texts("x")), text=missing
    )


def _buttoned_templates() -> Iterator[Case]:
    url = _button(1, "url", type="text", text="pay/91")
    code = _button(3, "copy_code", type="coupon_code", coupon_code="SAVE20")
    flow = _button(4, "flow", type="action", action={"flow_token": "t"})
    needed = (url, code)
    yield Case("template", "the buttons that need values", None, _template("buttons", *needed))
    yield Case("template", "all buttons with values", None, _template("buttons", *needed, flow))
    text = "buttons: Button at index 1 of type Url requires a parameter"
    yield Case("template", "an address without its end", 131008, _template("buttons", code), text=text, status=400)
    empty = _template("buttons", _button(1, "url"), code)
    yield Case("template", "an address with no parameters", 131008, empty, text=text)
    yield Case("template", "a code to copy that is missing", 131008, _template("buttons", url))
    fixed = _button(2, "url", type="text", text="x")
    yield Case("template", "a value for a fixed address", 132018, _template("buttons", *needed, fixed))
    other = _button(0, "url", type="text", text="x")
    yield Case("template", "a button of another type", 132018, _template("buttons", *needed, other))
    beyond = _button(5, "quick_reply", type="payload", payload="P")
    yield Case("template", "a button that is not there", 132018, _template("buttons", *needed, beyond))
    odd = _button(0, "shout", type="payload", payload="P")
    yield Case("template", "a type of button that is none", 100, _template("buttons", *needed, odd))


def _reading() -> Iterator[Case]:
    yield Case("mark_as_read", "without typing", None, without(READ, "typing_indicator"))
    yield Case("mark_as_read", "a message that nobody wrote", 131009, changed(READ, "message_id", to="wamid.X"))
    yield Case("mark_as_read", "a message of the business itself", 131009, changed(READ, "message_id", to=OUTBOUND))
    yield Case("mark_as_read", "another status", 100, changed(READ, "status", to="seen"))
    yield Case("mark_as_read", "another indicator", 100, changed(READ, "typing_indicator", "type", to="audio"))
    yield Case("mark_as_read", "with a recipient", 100, {**READ, "to": "+447700900123"})
