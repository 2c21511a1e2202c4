"""Reads JSON from outside leniently, so that one malformed value does not affect the others."""

import json
import re
from typing import Any, Final

# Possessive, so that a text without its closing quote takes no more than linear time.
_TOKEN: Final = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)
_DEEPEST: Final = 64
_LONGEST_INTEGER: Final = 30


def parse(body: str | bytes) -> Any:
    """The value of a JSON text.

    Nesting beyond 64 levels is cut down to null, integers of more than 30 digits become texts, and bytes that are no
    UTF-8 become replacement characters: Python's own parser refuses the whole text for each of them.

    Raises:
        ValueError: the text is not JSON.
    """
    try:
        return _load(body)
    except RecursionError:
        return _load(_flattened(_decoded(body)))
    except UnicodeDecodeError:
        return parse(_decoded(body))


def _decoded(body: str | bytes) -> str:
    return body if isinstance(body, str) else body.decode("utf-8", "replace")


def _load(body: str | bytes) -> Any:
    return json.loads(body, parse_int=_number)


def _number(digits: str) -> int | str:
    return int(digits) if len(digits) <= _LONGEST_INTEGER else digits


def _flattened(body: str) -> str:
    """The text with everything nested too deeply replaced by null."""
    kept: list[str] = []
    depth, start = 0, 0
    for token in _TOKEN.finditer(body):
        if token[0] in "[{":
            depth += 1
            if depth == _DEEPEST + 1:
                kept += (body[start : token.start()], "null")
        elif token[0] in "]}":
            if depth == _DEEPEST + 1:
                start = token.end()
            depth -= 1
    kept.append(body[start:] if depth <= _DEEPEST else "")
    return "".join(kept)


def table(value: Any, key: str | None = None) -> dict[str, Any]:
    """The object, or the object under a key of it; an empty one when it is anything else."""
    found = value if key is None else table(value).get(key)
    return found if isinstance(found, dict) else {}


def listed(value: Any, key: str) -> list[Any]:
    """The array under a key, or an empty one."""
    found = table(value).get(key)
    return found if isinstance(found, list) else []


def text(value: Any, key: str) -> str | None:
    """The text under a key, with halves of surrogate pairs replaced (nothing can store them); None if it is no text."""
    found = table(value).get(key)
    return whole_text(found) if isinstance(found, str) else None


def whole_text(found: str) -> str:
    """The text without lone surrogates."""
    if found.isascii():
        return found
    return found.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def integer(value: Any, key: str) -> int | None:
    """The integer under a key, also when it is written as a text of digits; None if it is neither."""
    found = table(value).get(key)
    if isinstance(found, str) and found.isascii() and found.isdigit() and len(found) <= _LONGEST_INTEGER:
        return int(found)
    return found if isinstance(found, int) and not isinstance(found, bool) else None
