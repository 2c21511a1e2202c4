"""The parts of the README that are generated from the project: `python tests/readme.py` rewrites them."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"

_BLOCK = re.compile(r"(<!-- begin (?P<what>[^:>]+?)(?:: (?P<which>[^>]+?))? -->\n).*?(<!-- end -->)", re.DOTALL)

PACKAGES = {
    "whatsapp": "<b>whatsapp</b><br/>Graph client, decoding",
    "mailbox": "<b>mailbox</b><br/>durable queues, Lua",
    "web": "<b>web</b><br/>webhook, core events, health",
    "runtime": "<b>runtime</b><br/>inbox worker, outbox sender",
    "flows": "<b>flows</b><br/>what the bot says: pure",
    "conversation": "<b>conversation</b><br/>flow framework: pure",
    "writes": "<b>writes</b><br/>pending write, send once, evidence",
    "credex": "<b>credex</b><br/>gateway to Credex core",
}
"""The packages in the diagram, and their labels."""


def rendered(text: str) -> str:
    """The README with every generated part up to date."""
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
    """The packages and their imports, read from the code.

    The composition root imports all of them and all of them import the plain values, so both are left out.
    """
    edges = {
        (package, other)
        for package in PACKAGES
        for other in _imports(package)
        if other in PACKAGES and other != package
    }
    lines = ["flowchart TD", "  meta([Meta's Cloud API])", "  ledger([Credex core])", "  redis[(Redis: state, cache)]"]
    lines += [f'  {package}["{label}"]' for package, label in PACKAGES.items()]
    lines += [
        "  meta -. webhooks .-> web",
        "  whatsapp -. messages .-> meta",
        "  web -. stored in .-> mailbox",
    ]
    lines += [f"  {package} --> {other}" for package, other in sorted(edges)]
    lines += ["  mailbox -.-> redis", "  credex -. calls .-> ledger"]
    return "\n".join(lines)


def _imports(package: str) -> set[str]:
    """The packages of the service that a package imports."""
    home = ROOT / "service" / package
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
