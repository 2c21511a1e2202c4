"""The WhatsApp Business Account: its number, subscription, forms, templates and media.

Shapes: Meta's references of the Flows API, of message templates, of media and of subscribed apps (2026).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from .errors import RefusedError
from .forms import FlowForm, check_named, is_draft, may_send, named
from .media import Media
from .submitted import SubmittedTemplate, check_submitted
from .tokens import Tokens
from .values import ApprovedTemplate, Business, Json
from .wire import IdFactory

__all__ = ("PAGE", "REVIEW_MS", "Account", "no_such")

PAGE: Final = 25
REVIEW_MS: Final = 60_000
NAME: Final = "Test Number"


class Account:
    """The parts of a business account that the Graph API reads and changes.

    Attributes:
        subscribed: whether the app is subscribed to webhooks of this account.
        forms: by id.
        templates: in order of submission.
        media: its files.
        tokens: the access token.
        review_ms: how long the review of a template takes.
    """

    def __init__(self, business: Business, ids: IdFactory, clock_ms: Callable[[], int]) -> None:
        self.subscribed = False
        self.forms: dict[str, FlowForm] = {}
        self.templates: list[SubmittedTemplate] = []
        self.review_ms = REVIEW_MS
        self.media = Media(ids, clock_ms)
        self.tokens = Tokens(business.access_token)
        self._business = business
        self._ids = ids
        self._clock_ms = clock_ms

    # -- reading --------------------------------------------------------------------------------------------------

    def node(self, node_id: str, *, base_url: str) -> Json:
        """The JSON of a node: the number, the account, a file, or a form."""
        if node_id == self._business.phone_number_id:
            return self._number()
        if node_id == self._business.business_id:
            return {"id": node_id, "name": NAME, "timezone_id": "1", "message_template_namespace": "0"}
        file = self.media.find(node_id)
        if file is not None:
            return self.media.to_json(file, base_url)
        return self.form(node_id, "get").to_json()

    def edge(self, node_id: str, edge: str, *, base_url: str) -> list[Json]:
        """The entries of an edge of the account or of a form."""
        if edge == "assets":
            return [
                {"name": "flow.json", "asset_type": "FLOW_JSON", "download_url": f"{base_url}/flow-assets/{form.id}"}
                for form in [self.form(node_id, "get")]
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
                return [form.to_json() for form in self.forms.values()]
            case _:
                return [template.to_json(self._clock_ms()) for template in self.templates]

    def download(self, form_id: str) -> str:
        """The newest Flow JSON of a form."""
        return self.form(form_id, "get").source

    def approved(self) -> tuple[ApprovedTemplate, ...]:
        """The templates that were approved, including paused and disabled ones."""
        now_ms = self._clock_ms()
        looked_at = ("APPROVED", "PAUSED", "DISABLED")
        return tuple(each.approved() for each in self.templates if each.status(now_ms) in looked_at)

    # -- changing -------------------------------------------------------------------------------------------------

    def subscribe(self, node_id: str) -> Json:
        """Subscribe the app to the account's webhooks; idempotent."""
        self._owned(node_id, "post")
        self.subscribed = True
        return {"success": True}

    def unsubscribe(self, node_id: str) -> Json:
        """Unsubscribe the app from the account's webhooks."""
        self._owned(node_id, "delete")
        self.subscribed = False
        return {"success": True}

    def create_form(self, node_id: str, given: Mapping[str, Any]) -> Json:
        """Create a form as a draft, empty unless `flow_json` is given."""
        self._owned(node_id, "post")
        name, categories = check_named(given, self.forms.values())
        form = FlowForm(self._ids.number("form"), name, categories, draft=str(given.get("flow_json") or ""))
        form.updated_ms = self._clock_ms()
        self.forms[form.id] = form
        return {"id": form.id, "success": True, "validation_errors": form.errors()}

    def change(self, node_id: str, given: Mapping[str, Any]) -> Json:
        """Change a form's name or categories."""
        form = self._touched(node_id)
        return form.change(given, [other for other in self.forms.values() if other is not form])

    def upload(self, node_id: str, *, name: str, kind: str, source: str) -> Json:
        """Upload the Flow JSON of a form."""
        return self._touched(node_id).upload(name, kind, source)

    def publish(self, node_id: str) -> Json:
        """Publish a form's draft."""
        return self._touched(node_id).publish()

    def deprecate(self, node_id: str) -> Json:
        """Deprecate a form."""
        return self._touched(node_id).deprecate()

    def delete(self, node_id: str) -> Json:
        """Delete a file, or a form that was never published."""
        file = self.media.find(node_id)
        if file is not None:
            return self.media.delete(file)
        self.form(node_id, "delete").check_deletable()
        del self.forms[node_id]
        return {"success": True}

    def submit(self, node_id: str, given: Mapping[str, Any]) -> Json:
        """Submit a template for approval."""
        self._owned(node_id, "post")
        components = check_submitted(given)
        called = (given["name"], given["language"])
        if any((each.name, each.language) == called for each in self.templates):
            raise RefusedError(100, message="Invalid parameter", details="Content in this language already exists")
        template = SubmittedTemplate(
            self._ids.number("template"), *called, given["category"], components, self._clock_ms() + self.review_ms
        )
        template.approved()
        self.templates.append(template)
        return {"id": template.id, "status": template.status(self._clock_ms()), "category": template.category}

    def withdraw(self, node_id: str, name: str) -> Json:
        """Delete a template, in all its languages."""
        self._owned(node_id, "delete")
        kept = [each for each in self.templates if each.name != name]
        if len(kept) == len(self.templates):
            raise RefusedError(100, message="Invalid parameter", details=f"Message template {name} was not found")
        self.templates = kept
        return {"success": True}

    def may_send_form(self, parameters: Json) -> None:
        """Refuse a message whose form does not exist in the requested mode."""
        may_send(self.forms.values(), parameters)

    def opened_by(self, parameters: Json) -> str:
        """The Flow JSON that a message with these parameters opens; empty if the account has no such form."""
        form = named(self.forms.values(), parameters)
        if form is None:
            return ""
        return form.draft if is_draft(parameters) else form.published

    # -- helpers ---------------------------------------------------------------------------------------------

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

    def _touched(self, node_id: str) -> FlowForm:
        """The form with this id, marked as changed now."""
        form = self.form(node_id, "post")
        form.updated_ms = self._clock_ms()
        return form

    def form(self, node_id: str, verb: str) -> FlowForm:
        """The form with this id.

        Raises:
            RefusedError: there is none; ``verb`` is the verb in the error text.
        """
        if node_id not in self.forms:
            raise no_such(node_id, verb)
        return self.forms[node_id]


def no_such(node_id: str, verb: str) -> RefusedError:
    """The error for an id that does not exist or is not visible to this token."""
    return RefusedError(
        100,
        message=f"Unsupported {verb} request. Object with ID '{node_id}' does not exist, cannot be loaded due to "
        "missing permissions, or does not support this operation. Please read the Graph API documentation at "
        "https://developers.facebook.com/docs/graph-api",
        subcode=33,
        kind="GraphMethodException",
    )
