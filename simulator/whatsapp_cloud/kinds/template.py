"""The schema of template messages; `templates` checks them against the approved template."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ..schema import Field, Schema, closed, text
from ..values import Json
from .kind import Found
from .media import file_in_header

__all__ = ("IN_HEADER", "TEMPLATE", "read_template")

IN_HEADER: Final = ("image", "video", "document")
_NAMED: Final[Mapping[str, Field]] = MappingProxyType({"parameter_name": Field()})
_CURRENCY: Final = closed(
    {"fallback_value": text(), "code": text(), "amount_1000": Field("number", required=True)}, required=True
)

_PARAMETER: Final = Schema(
    {},
    by="type",
    variants={
        "text": Schema({**_NAMED, "text": Field()}),
        "payload": Schema({"payload": Field()}),
        "currency": Schema({**_NAMED, "currency": _CURRENCY}),
        "date_time": Schema({**_NAMED, "date_time": closed({"fallback_value": text()})}),
        "coupon_code": Schema({"coupon_code": text()}),
        "action": Schema(
            {"action": closed({"flow_token": Field(), "flow_action_data": Field("object")}, required=True)}
        ),
        "location": Schema(
            {
                "location": closed(
                    {
                        "latitude": Field("number", required=True),
                        "longitude": Field("number", required=True),
                        "name": Field(),
                        "address": Field(),
                    }
                )
            }
        ),
        **{kind: Schema({kind: file_in_header(kind)}) for kind in IN_HEADER},
    },
)
_PARAMETERS: Final = Field("array", schema=_PARAMETER)
_COMPONENT: Final = Schema(
    {},
    by="type",
    variants={
        "header": Schema({"parameters": _PARAMETERS}),
        "body": Schema({"parameters": _PARAMETERS}),
        "button": Schema(
            {
                "sub_type": Field(required=True, choices=("quick_reply", "url", "flow", "copy_code")),
                "index": Field("index", required=True),
                "parameters": _PARAMETERS,
            }
        ),
    },
)
TEMPLATE: Final = closed(
    {
        "name": text("template.name"),
        "language": closed({"code": text(), "policy": Field(choices=("deterministic",))}),
        "components": Field("array", schema=_COMPONENT),
    }
)


def read_template(content: Json, found: Found) -> None:
    """Record the files of the header."""
    for component in content.get("components") or []:
        for parameter in component.get("parameters") or []:
            kind = parameter["type"].lower()
            if kind in IN_HEADER:
                found.file(kind, parameter[kind], f"template header {kind}")
