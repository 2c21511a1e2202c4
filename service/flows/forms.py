"""Questions asked by a WhatsApp Flow form: shown, bound to the member and the turn, and its answers checked again."""

import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from service.conversation import Exit, Question, Reply, Retry, TurnContext, Typed
from service.domain import FormReply
from service.messages import Form, Message

_QUESTIONS: Final = "questions"
"""A member who cannot open the form types this to be asked question by question."""

BUTTON: Final = "Fill in the form"


@dataclass(frozen=True, slots=True)
class Forms:
    """The forms of this deployment.

    Attributes:
        token: makes the token of a form shown to a member in a turn: unguessable, and void in the next turn.
        person: Meta's id of the form by which a person becomes a member.
        business: Meta's id of the form for a business account.
    """

    token: Callable[[str, int], str]
    person: str
    business: str


@dataclass(frozen=True, slots=True)
class FormBinding:
    """What a form is, apart from its id: its name, which comes back with the answers, and its first screen."""

    name: str
    screen: str


PERSON: Final = FormBinding("member_signup", "MEMBER_SIGNUP")
BUSINESS: Final = FormBinding("open_account", "OPEN_ACCOUNT")


def form_step(
    name: str,
    forms: Forms,
    binding: FormBinding,
    *,
    form_id: str,
    body: str,
    exits: Mapping[str, str],
    read: Callable[[Mapping[str, str]], Exit | Retry],
) -> Question:
    """A step that asks by a form, whose id at Meta is ``form_id``.

    Args:
        body: what stands above its button.
        exits: those of ``read``, and ``questions`` for members who cannot open it.
        read: the rules of the questions, applied to the answers: they come from the member's phone.
    """

    def show(context: TurnContext[Any]) -> Sequence[Message]:
        token = forms.token(context.member, context.session.turn)
        said = f"{body}\n\nIf it does not open, type *{_QUESTIONS}*."
        return [Form(body=said, button=BUTTON, form_id=form_id, token=token, screen=binding.screen)]

    def read_form(reply: Reply, context: TurnContext[Any]) -> Exit | Retry:
        if isinstance(reply, Typed):
            if reply.text.strip().casefold().strip('*.!"“” ') == _QUESTIONS:
                return Exit("questions")
            return Retry("Please tap the button below and fill in the form.")
        if not isinstance(reply, FormReply) or not _is_this(
            reply, binding, forms.token(context.member, context.session.turn)
        ):
            return Retry("That was an earlier form, so I did nothing with it. Please fill in this one.")
        return read(reply.answers)

    return Question(name, "form", show, exits, read_form)


def _is_this(filled: FormReply, binding: FormBinding, token: str) -> bool:
    """Whether it is the form on the screen. Some iPhones leave the token out; then the form's name is enough."""
    if filled.answers.get("form", binding.name) != binding.name:
        return False
    return filled.token is None or hmac.compare_digest(filled.token.encode("utf-8", "replace"), token.encode())
