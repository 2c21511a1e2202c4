"""Pages of lists that are longer than WhatsApp's ten rows."""

from typing import Any, Final

from service.conversation import TurnContext
from service.messages import Row

_MOST_DIGITS: Final = 6


def page_asked(argument: str, pages: int) -> int:
    """The page that a button asks for, from 1 to ``pages``; the button may be old, so its page may be gone."""
    number = argument.isascii() and argument.isdecimal() and len(argument) <= _MOST_DIGITS
    return max(1, min(int(argument) if number else 1, pages))


def turn_page(context: TurnContext[Any], route: str, page: int, pages: int, title: str = "Next page") -> list[Row]:
    """The row that leads to the next page, on the last one to the first; none where there is but one page."""
    if pages <= 1:
        return []
    following = page % pages + 1
    title = title if following > page else "First page"
    return [context.entry(route, title, f"Page {following} of {pages}", str(following))]
