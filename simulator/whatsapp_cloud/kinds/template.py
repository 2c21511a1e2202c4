"""Templates, as a request names them; whether they fit what was approved is for `templates`, one room up."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from simulator.whatsapp_cloud.kinds.kind import Found
from simulator.whatsapp_cloud.kinds.media import file_in_header
from simulator.whatsapp_cloud.shapes import Field, Shape, closed, text
from simulator.whatsapp_cloud.values import Json

__all__ = ("IN_HEADER", "TEMPLATE", "read_template")

IN_HEADER: Final = ("image", "video", "document")
_NAMED: Final[Mapping[str, Field]] = MappingProxyType({"parameter_name": Field()})
_CURRENCY: Final = closed(
    {"fallback_value": text(), "code": text(), "amount_1000": Field("number", required=True)}, required=True
)

_PARAMETER: Final = Shape(
    {},
    by="type",
    variants={
        "text": Shape({**_NAMED, "text": Field()}),
        "payload": Shape({"payload": Field()}),
        "currency": Shape({**_NAMED, "currency": _CURRENCY}),
        "date_time": Shape({**_NAMED, "date_time": closed({"fallback_value": text()})}),
        "coupon_code": Shape({"coupon_code": text()}),
        "action": Shape(
            {"action": closed({"flow_token": Field(), "flow_action_data": Field("object")}, required=True)}
        ),
        "location": Shape(
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
        **{kind: Shape({kind: file_in_header(kind)}) for kind in IN_HEADER},
    },
)
_PARAMETERS: Final = Field("array", shape=_PARAMETER)
_COMPONENT: Final = Shape(
    {},
    by="type",
    variants={
        "header": Shape({"parameters": _PARAMETERS}),
        "body": Shape({"parameters": _PARAMETERS}),
        "button": Shape(
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
        "components": Field("array", shape=_COMPONENT),
    }
)


def read_template(content: Json, found: Found) -> None:
    """Note the files that its header names."""
    for component in content.get("components") or []:
        for parameter in component.get("parameters") or []:
            kind = parameter["type"].lower()
            if kind in IN_HEADER:
                found.file(kind, parameter[kind], f"template header {kind}")
