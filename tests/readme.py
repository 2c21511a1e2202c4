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
    "domain": "domain<br/>money, people, accounts",
    "messages": "messages<br/>within WhatsApp's limits",
    "engine": "engine<br/>flows, turns: pure",
    "flows": "flows<br/>what the bot says: pure",
    "whatsapp": "whatsapp<br/>webhook, Graph client",
    "credex": "credex<br/>client of Credex core",
    "mailbox": "mailbox<br/>durable queues, Lua",
    "worker": "worker<br/>inbox → turn → commit",
    "money_calls": "money_calls<br/>intent, send once, proof",
    "core": "core<br/>calls → outcomes",
    "sender": "sender<br/>outbox → WhatsApp",
    "app": "app<br/>composition root",
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
            return _fenced("", "\n".join(_targets()))
        case "transcript":
            return _fenced("text", (ROOT / str(which)).read_text("utf-8").rstrip())
        case "file":
            return _fenced("yaml", (ROOT / str(which)).read_text("utf-8").rstrip())
        case _:
            raise ValueError(f"nothing can be drawn for {what!r}")


def _fenced(language: str, text: str) -> str:
    return f"```{language}\n{text}\n```\n"


def _targets() -> Iterator[str]:
    for name, text in re.findall(r"^([a-z-]+):.*?  ## (.+)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE):
        yield f"make {name:<12} {text}"


def architecture() -> str:
    """The rooms and which of them import which, as they really are."""
    edges = {
        (room, other)
        for room in ROOMS
        for other in _imports(room)
        # Everybody uses the plain values, and drawing that would hide the rest.
        if other in ROOMS and other not in {room, "domain", "messages"}
    }
    lines = ["flowchart TD", "  subgraph outside [the world, or the simulator]"]
    lines += ["    meta([Meta's Cloud API])", "    ledger([Credex core])", "    redis[(Redis: state, cache)]", "  end"]
    lines += [f'  {room}["{label}"]' for room, label in ROOMS.items()]
    lines += [f"  {room} --> {other}" for room, other in sorted(edges)]
    lines += ["  meta -.->|webhooks| whatsapp", "  whatsapp -.->|messages| meta", "  credex -.->|calls| ledger"]
    lines += ["  mailbox -.-> redis"]
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
