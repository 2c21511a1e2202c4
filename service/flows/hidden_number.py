"""The answer to members who hide their phone number: why VimbisoPay cannot know them, and how to show it."""

from service.conversation import Answers, Flow, TurnContext
from service.flows.screens import link, screen


class HiddenAnswers(Answers, frozen=True):
    """What kind of message the member sent, if it was no text."""

    sent: str = ""


def _explain(context: TurnContext[HiddenAnswers]) -> str:
    why = (
        "Hello. WhatsApp hides your phone number from me, and Credex knows its members by their number "
        "alone. Without it I can do nothing for you here.\n\n"
        "To show it: open *Settings* in WhatsApp, tap your name, and remove your username. "
        "Then write to me again."
    )
    if context.answers.sent != "contacts":
        return why
    return "Thank you for the contact card. But anyone can send anyone's card, so I cannot take it for yours.\n\n" + why


HIDDEN = Flow(
    name="hidden",
    title="A hidden phone number: what is needed, and how to show it",
    answers=HiddenAnswers,
    steps=(screen("explain", _explain, link("menu", "I have done that")),),
)
