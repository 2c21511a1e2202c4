"""The parts of the README that are drawn from the project itself: `python tests/readme.py` writes them anew."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"

_BLOCK = re.compile(r"(<!-- begin (?P<what>[^:>]+?)(?:: (?P<which>[^>]+?))? -->\n).*?(<!-- end -->)", re.DOTALL)

ROOMS = {
    "whatsapp": "<b>whatsapp</b><br/>Graph client, decoding",
    "mailbox": "<b>mailbox</b><br/>durable queues, Lua",
    "web": "<b>web</b><br/>webhook, core events, health",
    "runtime": "<b>runtime</b><br/>inbox worker, outbox sender",
    "flows": "<b>flows</b><br/>what the bot says: pure",
    "conversation": "<b>conversation</b><br/>flow framework: pure",
    "writes": "<b>writes</b><br/>pending write, send once, evidence",
    "credex": "<b>credex</b><br/>gateway to Credex core",
}
"""The rooms that the picture shows, and their labels."""


def rendered(text: str) -> str:
    """The README with every drawn part as it should be now."""
    return _BLOCK.sub(lambda block: block[1] + _part(block["what"], block["which"]) + block[4], text)


def _part(what: str, which: str | None) -> str:
    match what:
        case "architecture":
            return _fenced("mermaid", architecture())
        case "make help":
            return _fenced("", "\n".join(_targets(str(which))))
        case "transcript":
            return _fenced("text", (ROOT / str(which)).read_text("utf-8").rstrip())
        case "file":
            return _fenced("yaml", (ROOT / str(which)).read_text("utf-8").rstrip())
        case _:
            raise ValueError(f"nothing can be drawn for {what!r}")


def _fenced(language: str, text: str) -> str:
    return f"```{language}\n{text}\n```\n"


def _targets(section: str) -> Iterator[str]:
    """The targets of one section of the Makefile, as `make help` shows them."""
    made = (ROOT / "Makefile").read_text("utf-8").split(f"\n# -- {section} -")[1].split("\n# -- ")[0]
    for name, text in re.findall(r"^([a-z0-9-]+):.*?  ## (.+)$", made, re.MULTILINE):
        yield f"make {name:<9}  {text}"


def architecture() -> str:
    """The rooms and which of them import which, as they really are.

    The composition root, which wires them all, and the plain values that all of them use would only hide the rest.
    """
    edges = {(room, other) for room in ROOMS for other in _imports(room) if other in ROOMS and other != room}
    lines = ["flowchart TD", "  meta([Meta's Cloud API])", "  ledger([Credex core])", "  redis[(Redis: state, cache)]"]
    lines += [f'  {room}["{label}"]' for room, label in ROOMS.items()]
    lines += [
        "  meta -. webhooks .-> web",
        "  whatsapp -. messages .-> meta",
        "  web -. stored in .-> mailbox",
    ]
    lines += [f"  {room} --> {other}" for room, other in sorted(edges)]
    lines += ["  mailbox -.-> redis", "  credex -. calls .-> ledger"]
    return "\n".join(lines)


def _imports(room: str) -> set[str]:
    """Which rooms of the service a room imports."""
    home = ROOT / "service" / room
    files = sorted(home.rglob("*.py")) if home.is_dir() else [home.with_suffix(".py")]
    return {other for file in files for other in _imported(ast.parse(file.read_text("utf-8")))}


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "service":
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("service."):
            yield str(node.module).split(".")[1]


if __name__ == "__main__":
    README.write_text(rendered(README.read_text("utf-8")), "utf-8")
    sys.exit(0)
