"""The definitions of our WhatsApp Flow forms (Flow JSON), and the tokens that bind an answer to its asking."""

import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from typing import Any, Final

__all__ = ("DEFINITIONS", "FormDefinition", "form_tokens")

_TOKEN_DIGITS: Final = 40


@dataclass(frozen=True, slots=True)
class FormDefinition:
    """A form as Meta is given it.

    Attributes:
        name: of the file, and by which the form is found again at Meta.
        variable: the environment variable that holds its id there.
        categories: Meta's words for what it is for.
    """

    name: str
    variable: str
    categories: tuple[str, ...]

    @property
    def source(self) -> str:
        return (files("service.whatsapp.forms") / f"{self.name}.json").read_text("utf-8")

    @property
    def content(self) -> Any:
        return json.loads(self.source)


DEFINITIONS: Final = (
    FormDefinition("member_signup", "WHATSAPP_REGISTRATION_FLOW_ID", ("SIGN_UP",)),
    FormDefinition("open_account", "WHATSAPP_COMPANY_REGISTRATION_FLOW_ID", ("OTHER",)),
)


def form_tokens(secret: str) -> Callable[[str, int], str]:
    """The tokens of forms: a keyed hash of whom a form is shown to and in which turn.

    Nobody can guess one without the secret, it serves no other member, and it is void with the next turn.
    """
    key = hmac.new(secret.encode(), b"vimbisopay forms", sha256).digest()

    def token(member: str, turn: int) -> str:
        about = f"{turn}:{member}".encode("utf-8", "surrogatepass")
        return hmac.new(key, about, sha256).hexdigest()[:_TOKEN_DIGITS]

    return token
