"""An OpenAPI page that works offline; the usual ones load scripts from other servers."""

from __future__ import annotations

import json
from html import escape
from typing import Any, Final

from litestar import Request
from litestar.openapi.plugins import OpenAPIRenderPlugin

__all__ = ("OfflineOpenApiPage",)

_STYLE: Final = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1b1b1b }
h2 { margin-top: 2.5rem; text-transform: capitalize }
details { border: 1px solid #ccc; border-radius: 6px; margin: .4rem 0; padding: .4rem .8rem }
summary { cursor: pointer } code, pre { font: 14px/1.4 ui-monospace, monospace }
pre { background: #f4f4f4; padding: .6rem; overflow-x: auto; border-radius: 4px }
.verb { display: inline-block; min-width: 5rem; font-weight: 700 } .about { white-space: pre-wrap }
"""


class OfflineOpenApiPage(OpenAPIRenderPlugin):
    """Lists all operations with their requests and answers, as plain HTML."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """Render the page."""
        info = openapi_schema["info"]
        json_url = escape(self.get_openapi_json_route(request))
        about = "".join(f"<p>{escape(part)}</p>" for part in str(info.get("description", "")).split("\n\n"))
        body = (
            f"<!doctype html><html lang='en'><meta charset='utf-8'><title>{escape(info['title'])}</title>"
            f"<meta name='viewport' content='width=device-width'><style>{_STYLE}</style>"
            f"<h1>{escape(info['title'])}</h1>{about}<p>For tools: <a href='{json_url}'>{json_url}</a></p>"
            f"{''.join(_sections(openapi_schema))}</html>"
        )
        return body.encode()


def _sections(schema: dict[str, Any]) -> list[str]:
    by_tag: dict[str, list[str]] = {}
    for path, operations in schema.get("paths", {}).items():
        for verb, operation in operations.items():
            if isinstance(operation, dict) and "responses" in operation:
                tag = (operation.get("tags") or ["others"])[0]
                by_tag.setdefault(tag, []).append(_operation(schema, path, verb, operation))
    return [f"<h2>{escape(tag)}</h2>{''.join(shown)}" for tag, shown in by_tag.items()]


def _operation(schema: dict[str, Any], path: str, verb: str, operation: dict[str, Any]) -> str:
    parts = [f"<p class='about'>{escape(about)}</p>"] if (about := operation.get("description")) else []
    parts += [_parameter(one) for one in operation.get("parameters", [])]
    asked = operation.get("requestBody", {}).get("content", {})
    parts += [f"<p>Asked:</p>{_shape(schema, content)}" for content in asked.values()]
    for status, answer in operation.get("responses", {}).items():
        contents = list(answer.get("content", {}).values())
        if status.startswith("2") and contents:
            parts.append(f"<p>Answer {escape(status)}:</p>{_shape(schema, contents[0])}")
    head = f"<span class='verb'>{verb.upper()}</span><code>{escape(path)}</code> {escape(operation.get('summary', ''))}"
    return f"<details><summary>{head}</summary>{''.join(parts)}</details>"


def _parameter(one: dict[str, Any]) -> str:
    needed = "needed" if one.get("required") else "may be left out"
    about = escape(one.get("description") or "")
    return f"<p><code>{escape(one['name'])}</code> in the {escape(one['in'])}, {needed}. {about}</p>"


def _shape(schema: dict[str, Any], content: dict[str, Any]) -> str:
    shown = json.dumps(_resolved(schema, content.get("schema", {}), 0), indent=2, ensure_ascii=False)
    return f"<pre>{escape(shown)}</pre>"


_DEEPEST: Final = 6


def _resolved(schema: dict[str, Any], shape: Any, depth: int) -> Any:
    """An example of a schema with types in place of values."""
    if not isinstance(shape, dict) or depth > _DEEPEST:
        return "…"
    if "$ref" in shape:
        named = schema.get("components", {}).get("schemas", {}).get(shape["$ref"].rsplit("/", 1)[-1], {})
        return _resolved(schema, named, depth)
    if "enum" in shape:
        return " | ".join(json.dumps(value) for value in shape["enum"])
    if options := shape.get("oneOf") or shape.get("anyOf"):
        shown = [_resolved(schema, each, depth + 1) for each in options]
        simple = all(isinstance(option, str) for option in shown)
        return " | ".join(dict.fromkeys(shown)) if simple else shown[0]
    return _plain(schema, shape, depth)


def _plain(schema: dict[str, Any], shape: dict[str, Any], depth: int) -> Any:
    if "properties" in shape:
        needed = shape.get("required", [])
        return {
            name if name in needed else f"{name}?": _resolved(schema, each, depth + 1)
            for name, each in shape["properties"].items()
        }
    if shape.get("type") == "array":
        return [_resolved(schema, shape.get("items", {}), depth + 1)]
    kind = shape.get("type", "anything")
    return " | ".join(kind) if isinstance(kind, list) else str(kind)
