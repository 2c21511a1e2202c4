"""Templates, which Meta has to approve: the only messages to members who have been silent for 24 hours."""

from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class TemplateDefinition:
    """A template as it is submitted.

    Attributes:
        language: with the name, what tells templates apart.
        body: with placeholders {{1}}, {{2}}...; Meta wants none at either end.
        examples: a value for each placeholder, for Meta's reviewers.
        quick_replies: the titles of its buttons.
    """

    name: str
    language: str
    category: str
    body: str
    examples: tuple[str, ...]
    quick_replies: tuple[str, ...]

    @property
    def components(self) -> list[dict[str, Any]]:
        buttons = [{"type": "QUICK_REPLY", "text": title} for title in self.quick_replies]
        return [
            {"type": "BODY", "text": self.body, "example": {"body_text": [list(self.examples)]}},
            {"type": "BUTTONS", "buttons": buttons},
        ]


INCOMING: Final = TemplateDefinition(
    name="incoming_notification",
    language="en_US",
    category="UTILITY",
    body="Hello {{1}}, there is news from VimbisoPay: {{2}} Tap the button to see it.",
    examples=("Tariro", "Farai Ncube offers you 5.00 USD."),
    quick_replies=("View",),
)
