"""The WhatsApp Business Account: its number, subscription, forms and templates, as its owner sets them up.

Shapes: Meta's references of the Flows API, of message templates and of subscribed apps (2026). A published form may be
changed: what is uploaded is a draft beside the published one until it is published itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from simulator.whatsapp_cloud.errors import Refused
from simulator.whatsapp_cloud.flow_json import problems
from simulator.whatsapp_cloud.limits import LIMITS
from simulator.whatsapp_cloud.values import Approved, Business, Json
from simulator.whatsapp_cloud.wire import Mint

__all__ = ("Account", "FlowForm", "SubmittedTemplate")

CATEGORIES: Final = frozenset(
    {
        "SIGN_UP",
        "SIGN_IN",
        "APPOINTMENT_BOOKING",
        "LEAD_GENERATION",
        "SHOPPING",
        "CONTACT_US",
        "CUSTOMER_SUPPORT",
        "SURVEY",
        "OTHER",
    }
)
TEMPLATE_CATEGORIES: Final = frozenset({"AUTHENTICATION", "MARKETING", "UTILITY"})
PAGE: Final = 25
NAME: Final = "VimbisoPay test number"


@dataclass
class FlowForm:
    """A form: what is published, and the draft beside it. Its status is the draft's, if there is one."""

    id: str
    name: str
    categories: list[str]
    draft: str = ""
    published: str = ""

    @property
    def status(self) -> str:
        """DRAFT while something waits to be published."""
        return "PUBLISHED" if self.published and not self.draft else "DRAFT"

    @property
    def source(self) -> str:
        """The newest Flow JSON."""
        return self.draft or self.published

    def told(self) -> Json:
        """What Meta says of it."""
        errors = problems(self.source) if self.source else []
        return {
            "id": self.id,
            "name": self.name,
            "status": self.status,
            "categories": self.categories,
            "validation_errors": errors,
        }


@dataclass
class SubmittedTemplate:
    """A template: it is looked at for a while, then approved."""

    id: str
    name: str
    language: str
    category: str
    components: list[Json]
    approved_ms: int
    rejected: bool = False

    def status(self, now_ms: int) -> str:
        """What Meta says of it."""
        if self.rejected:
            return "REJECTED"
        return "APPROVED" if now_ms >= self.approved_ms else "PENDING"

    def approved(self) -> Approved:
        """It, as messages may use it.

        Raises:
            Refused: it breaks a limit.
        """
        body = "".join(str(part.get("text", "")) for part in self.components if part.get("type") == "BODY")
        buttons = [
            str(button.get("text", ""))
            for part in self.components
            if part.get("type") == "BUTTONS"
            for button in part.get("buttons", [])
        ]
        try:
            return Approved(self.name, self.language, body, tuple(buttons))
        except ValueError as error:
            raise Refused(100, message="Invalid parameter", details=str(error)) from None


class Account:
    """What the owner of the business can look at and change.

    Attributes:
        subscribed: whether the app gets webhooks of this account.
        forms: by id.
        templates: in the order of their submission.
        review_ms: how long a template is looked at before it is approved.
    """

    def __init__(self, business: Business, mint: Mint, clock_ms: Callable[[], int]) -> None:
        self.subscribed = False
        self.forms: dict[str, FlowForm] = {}
        self.templates: list[SubmittedTemplate] = []
        self.review_ms = 60_000
        self._business = business
        self._mint = mint
        self._clock_ms = clock_ms

    # -- looking --------------------------------------------------------------------------------------------------

    def node(self, node_id: str) -> Json:
        """What an id names: the number, the account, or a form."""
        if node_id == self._business.phone_number_id:
            return self._number()
        if node_id == self._business.business_id:
            return {"id": node_id, "name": NAME, "timezone_id": "1", "message_template_namespace": "0"}
        if node_id in self.forms:
            return self.forms[node_id].told()
        raise no_such(node_id, "get")

    def edge(self, node_id: str, edge: str, *, base_url: str) -> list[Json]:
        """What hangs on an account or a form, under Meta's name for it."""
        if edge == "assets":
            return [
                {"name": "flow.json", "asset_type": "FLOW_JSON", "download_url": f"{base_url}/flow-assets/{form.id}"}
                for form in [self._form(node_id, "get")]
                if form.source
            ]
        self._owned(node_id, "get")
        match edge:
            case "phone_numbers":
                return [self._number()]
            case "subscribed_apps":
                app = {"link": "https://example.com/app", "name": "A bot", "id": "670843887433847"}
                return [{"whatsapp_business_api_data": app}] * self.subscribed
            case "flows":
                return [form.told() for form in self.forms.values()]
            case _:
                return [self._told(template) for template in self.templates]

    def download(self, form_id: str) -> str:
        """The newest definition of a form, at an address that needs no token."""
        return self._form(form_id, "get").source

    def approved(self) -> tuple[Approved, ...]:
        """The templates that messages may use now."""
        now_ms = self._clock_ms()
        return tuple(each.approved() for each in self.templates if each.status(now_ms) == "APPROVED")

    # -- changing -------------------------------------------------------------------------------------------------

    def subscribe(self, node_id: str) -> Json:
        """Have the app get the account's webhooks; once is as good as twice."""
        self._owned(node_id, "post")
        self.subscribed = True
        return {"success": True}

    def create_form(self, node_id: str, given: Mapping[str, Any]) -> Json:
        """Make a form, as a draft without content unless `flow_json` is given."""
        self._owned(node_id, "post")
        name, categories = given.get("name"), _listed(given.get("categories"))
        if not isinstance(name, str) or not name:
            raise Refused(100, message="The parameter name is required.")
        if not categories or not set(categories) <= CATEGORIES:
            raise Refused(100, message=f"Param categories must be an array of {{{', '.join(sorted(CATEGORIES))}}}")
        if any(form.name == name for form in self.forms.values()):
            raise Refused(100, message="Invalid parameter", details="Flow name is not unique")
        form = FlowForm(self._mint.number("form"), name, categories, draft=str(given.get("flow_json") or ""))
        self.forms[form.id] = form
        errors = problems(form.draft) if form.draft else []
        return {"id": form.id, "success": True, "validation_errors": errors}

    def upload(self, node_id: str, *, name: str, kind: str, source: str) -> Json:
        """Give a form its definition. It is kept with its errors, which only publishing refuses."""
        form = self._form(node_id, "post")
        if (name, kind) != ("flow.json", "FLOW_JSON"):
            raise Refused(100, message="Param asset_type must be FLOW_JSON, and name flow.json")
        form.draft = source
        return {"success": True, "validation_errors": problems(source)}

    def publish(self, node_id: str) -> Json:
        """Let members use a form's draft."""
        form = self._form(node_id, "post")
        if not form.draft or problems(form.draft):
            reason = "it has validation errors" if form.draft else "it has no draft"
            raise Refused(139002, message="Flow can't be published", details=f"Publishing failed: {reason}")
        form.published, form.draft = form.draft, ""
        return {"success": True}

    def submit(self, node_id: str, given: Mapping[str, Any]) -> Json:
        """Submit a template for approval."""
        self._owned(node_id, "post")
        missing = [name for name in ("name", "language", "category", "components") if not given.get(name)]
        if missing:
            raise Refused(100, message=f"The parameter {missing[0]} is required.")
        if given["category"] not in TEMPLATE_CATEGORIES:
            raise Refused(100, message=f"Param category must be one of {{{', '.join(sorted(TEMPLATE_CATEGORIES))}}}")
        named = (given["name"], given["language"])
        if any((each.name, each.language) == named for each in self.templates):
            raise Refused(100, message="Invalid parameter", details="Content in this language already exists")
        template = SubmittedTemplate(
            self._mint.number("template"),
            str(given["name"]),
            str(given["language"]),
            str(given["category"]),
            list(given["components"]),
            self._clock_ms() + self.review_ms,
        )
        self._check(template)
        self.templates.append(template)
        return {"id": template.id, "status": template.status(self._clock_ms()), "category": template.category}

    # -- small things ---------------------------------------------------------------------------------------------

    def _number(self) -> Json:
        return {
            "id": self._business.phone_number_id,
            "display_phone_number": f"+{self._business.display_phone_number}",
            "verified_name": NAME,
            "quality_rating": "GREEN",
            "code_verification_status": "VERIFIED",
            "platform_type": "CLOUD_API",
            "throughput": {"level": "STANDARD"},
        }

    def _owned(self, node_id: str, verb: str) -> None:
        if node_id != self._business.business_id:
            raise no_such(node_id, verb)

    def _form(self, node_id: str, verb: str) -> FlowForm:
        if node_id not in self.forms:
            raise no_such(node_id, verb)
        return self.forms[node_id]

    def _told(self, template: SubmittedTemplate) -> Json:
        return {
            "id": template.id,
            "name": template.name,
            "language": template.language,
            "category": template.category,
            "status": template.status(self._clock_ms()),
            "components": template.components,
        }

    @staticmethod
    def _check(template: SubmittedTemplate) -> None:
        body, limit = template.approved().body, LIMITS["template.body"]
        if not limit.least <= len(body) <= limit.most:
            raise Refused(100, message="Invalid parameter", details=limit.said())
        if body.startswith("{{") or body.endswith("}}"):
            raise Refused(100, message="Invalid parameter", details="Variables can't be at the start or end")


def no_such(node_id: str, verb: str) -> Refused:
    """The error for an id that names nothing, or nothing that this token may see."""
    return Refused(
        100,
        message=f"Unsupported {verb} request. Object with ID '{node_id}' does not exist, cannot be loaded due to "
        "missing permissions, or does not support this operation. Please read the Graph API documentation at "
        "https://developers.facebook.com/docs/graph-api",
        subcode=33,
        kind="GraphMethodException",
    )


def _listed(value: Any) -> list[str]:
    """A list, also when it comes as the JSON of one."""
    try:
        found = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return []
    return [str(each) for each in found] if isinstance(found, Sequence) and not isinstance(found, str) else []
