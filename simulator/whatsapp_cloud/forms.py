"""The forms of an account (WhatsApp Flows), from draft to published to deprecated.

Shapes and codes: Meta's reference of the Flows API, read March 2026. An upload to a published form becomes a draft;
the published version stays in use until the draft is published.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from .errors import RefusedError
from .flow_json import problems, screen_ids
from .values import Json

__all__ = ("FlowForm", "check_named", "is_draft", "may_send", "named")

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
_STOPPED: Final[Mapping[str, int]] = {"BLOCKED": 132068, "THROTTLED": 132069, "DEPRECATED": 131009}


@dataclass
class FlowForm:
    """A form: its published version and its draft.

    Attributes:
        updated_ms: when it was last changed.
        stopped: why it cannot be sent: BLOCKED or THROTTLED by Meta, DEPRECATED by its owner.
    """

    id: str
    name: str
    categories: list[str]
    draft: str = ""
    published: str = ""
    stopped: str = ""
    updated_ms: int = 0

    @property
    def status(self) -> str:
        """DRAFT while there is an unpublished draft."""
        return self.stopped or ("PUBLISHED" if self.published and not self.draft else "DRAFT")

    @property
    def source(self) -> str:
        """The newest Flow JSON."""
        return self.draft or self.published

    def to_json(self) -> Json:
        """Its JSON in the Graph API."""
        return {
            "id": self.id,
            "name": self.name,
            "status": self.status,
            "categories": self.categories,
            "validation_errors": self.errors(),
            **self._versions(),
            "updated_at": datetime.fromtimestamp(self.updated_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000"),
        }

    def _versions(self) -> Json:
        try:
            definition = json.loads(self.source)
        except ValueError:
            return {}
        if not isinstance(definition, dict):
            return {}
        found = {"json_version": definition.get("version"), "data_api_version": definition.get("data_api_version")}
        return {name: version for name, version in found.items() if version is not None}

    def errors(self) -> list[Json]:
        """The validation errors of the newest Flow JSON."""
        return problems(self.source) if self.source else []

    def change(self, given: Mapping[str, Any], others: Iterable[FlowForm]) -> Json:
        """Change its name or categories."""
        name, categories = check_named({"name": self.name, "categories": self.categories, **given}, others)
        self.name, self.categories = name, categories
        return {"success": True}

    def upload(self, name: str, kind: str, source: str) -> Json:
        """Upload Flow JSON. Errors are kept with the draft; only publishing refuses them."""
        if (name, kind) != ("flow.json", "FLOW_JSON"):
            raise RefusedError(100, message="Param asset_type must be FLOW_JSON, and name flow.json")
        if self.stopped == "DEPRECATED":
            raise RefusedError(139001, message="Flow can't be updated", details="A deprecated Flow can't be updated")
        self.draft = source
        return {"success": True, "validation_errors": problems(source)}

    def publish(self) -> Json:
        """Publish the draft."""
        if not self.draft or problems(self.draft):
            reason = "it has validation errors" if self.draft else "it has no draft"
            raise RefusedError(139002, message="Flow can't be published", details=f"Publishing failed: {reason}")
        self.published, self.draft = self.draft, ""
        return {"success": True}

    def deprecate(self) -> Json:
        """Deprecate a published form, for good."""
        if not self.published or self.stopped == "DEPRECATED":
            raise RefusedError(
                139003, message="Flow can't be deprecated", details="Only a published Flow can be deprecated"
            )
        self.stopped = "DEPRECATED"
        return {"success": True}

    def check_deletable(self) -> None:
        """Refuse to delete a form that was published at any time."""
        if self.published:
            raise RefusedError(139004, message="Flow can't be deleted", details="Only a Flow in draft can be deleted")


def check_named(given: Mapping[str, Any], others: Iterable[FlowForm]) -> tuple[str, list[str]]:
    """Check the name and categories of a form; names are unique."""
    name, categories = given.get("name"), _listed(given.get("categories"))
    if not isinstance(name, str) or not name:
        raise RefusedError(100, message="The parameter name is required.")
    if not categories or not set(categories) <= CATEGORIES:
        raise RefusedError(100, message=f"Param categories must be an array of {{{', '.join(sorted(CATEGORIES))}}}")
    if any(form.name == name for form in others):
        raise RefusedError(100, message="Invalid parameter", details="Flow name is not unique")
    return name, categories


def named(forms: Iterable[FlowForm], parameters: Json) -> FlowForm | None:
    """The form that a message refers to, by id or by name."""
    flow_id, name = parameters.get("flow_id"), parameters.get("flow_name")
    return next((one for one in forms if one.id == flow_id or (name and one.name == name)), None)


def is_draft(parameters: Json) -> bool:
    """Whether a message opens the draft of a form in place of the published version."""
    return str(parameters.get("mode") or "published").lower() == "draft"


def may_send(forms: Iterable[FlowForm], parameters: Json) -> None:
    """Refuse a message whose form does not exist in the requested mode."""
    flow_id, name = parameters.get("flow_id"), parameters.get("flow_name")
    form = named(forms, parameters)
    if form is None:
        raise RefusedError(131009, details=f"Flow with {'ID' if flow_id else 'name'} {flow_id or name} does not exist")
    if form.stopped:
        raise RefusedError(_STOPPED[form.stopped], details=f"Flow {form.id} is {form.stopped.lower()}")
    draft = is_draft(parameters)
    source = form.draft if draft else form.published
    if not source:
        state = "has no draft" if draft else "is not published"
        raise RefusedError(131009, details=f"Flow {form.id} {state}: mode does not match its status")
    wanted = (parameters.get("flow_action_payload") or {}).get("screen")
    if wanted is not None and wanted not in screen_ids(source):
        raise RefusedError(131009, details=f"Flow {form.id} has no screen {wanted}")


def _listed(value: Any) -> list[str]:
    """A list, given as such or as JSON text."""
    try:
        found = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return []
    return [str(each) for each in found] if isinstance(found, Sequence) and not isinstance(found, str) else []
