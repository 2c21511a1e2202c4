"""The graph of a flow, drawn from its code.

Arrows lead forward within the flow. Other exits are lines in the box of the step: exits backwards, to shared endings
and into other flows. The rules that hold at every step are in the table of `everywhere`.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from typing import Final

from notebooks.review.pictures import BOLD, Picture, Table, dot
from service.conversation import END, CoreCall, Flow, FlowRegistry, Question, Step
from service.conversation.builder import VALID_MS
from service.flows.login import DASHBOARD_FAILED_EXITS

__all__ = ("everywhere", "flow_graph", "in_words", "outline", "source_of", "targets")

MOST_ENTRIES: Final = 4
"""The number of keywords or buttons named for one entry point."""

WORDS: Final = {
    "ok": "goes on",
    "some": "there are some",
    "none": "there are none",
    "ask": "asks for all",
    "typed": "all was typed",
    "away": "Credex is away",
    "stranger": "is no member",
    "no_account": "has no account",
    "not_done": "certainly not done",
    "unknown": "not known yet",
    "doubtful": "the outcome of a similar write is unknown",
    "lost": "the account is lost",
    "stop": "ends here",
    "taken": "taken by another",
    "tier": "the tier is too low",
    "stands": "already so",
}
"""The meaning of exit and step names that are not self-explanatory."""

MARKS: Final = {"away": "¹", "stranger": "²", "no_account": "³"}

KINDS: Final = {"text": "asks; the answer is typed", "buttons": "buttons", "list": "a list", "form": "a WhatsApp form"}

_HEAD: Final = """digraph {
graph [rankdir=TB nodesep=0.2 ranksep=0.42 fontname="DejaVu Sans" bgcolor="white" margin=0.1 size="8.8,40"]
node [shape=plain fontname="DejaVu Sans" fontsize=10]
edge [fontname="DejaVu Sans" fontsize=9 arrowsize=0.7 color="#444444" fontcolor="#222222"]
"""


def in_words(name: str) -> str:
    """A step's or an exit's name as words."""
    return WORDS.get(name, name.replace("_", " "))


def targets(flow: Flow, step: Step) -> list[tuple[str, str]]:
    """A step's exits, each with the step that it leads to as ``flow.step``, or `END`."""
    return [
        (name, target if target == END or "." in target else f"{flow.name}.{target}")
        for name, target in step.exits.items()
    ]


def outline(flow: Flow) -> list[str]:
    """The flow as text, with a line for each step and each exit; it serves to compare versions."""
    lines = [f"{flow.name}: {flow.title}"]
    for step in flow.steps:
        lines.append(f"  {flow.name}.{step.name} ({_kind(step)})")
        lines += [f"    {name} → {target or 'the end'}" for name, target in targets(flow, step)]
    return lines


def flow_graph(registry: FlowRegistry, name: str) -> Picture:
    """The graph of a flow.

    Raises:
        KeyError: the registry has no flow of this name.
        PictureError: graphviz is not installed.
    """
    flow = registry.flow(name)
    if flow is None:
        raise KeyError(f"there is no flow {name!r}; there are {', '.join(each.name for each in registry.flows)}")
    return dot(source_of(registry, flow), "\n".join(outline(flow)))


def source_of(registry: FlowRegistry, flow: Flow) -> str:
    """The graph of a flow in the DOT language."""
    drawn = _drawn(flow)
    lines = [_HEAD, _legend(registry, flow)]
    lines += [f'"{step.name}" [label=<{_box(registry, flow, step, drawn)}>]' for step in flow.steps]
    lines += [f'"{source}" -> "{target}" [label=" {_quoted(in_words(exit_))} "]' for source, exit_, target in drawn]
    lines += _entries(registry, flow)
    return "\n".join([*lines, "}"])


def everywhere(registry: FlowRegistry) -> Table:
    """The rules that hold at every step of every flow; the graphs do not repeat them."""
    home = _of_another(registry, registry.home)
    rows = [
        ("an invalid answer", "the same step again, with the reason above it"),
        (f"{', '.join(sorted(registry.vocabulary.leave))}, or a greeting", home),
        (", ".join(sorted(registry.vocabulary.help)), "a short help, then the same step again"),
        ("a button of an earlier screen", "the current step again, with a note that the button is old"),
        (f"nothing for more than {VALID_MS // 60_000} minutes", f"{home}; unfinished steps are mentioned"),
        *(
            (f"{mark} {WORDS[name]}", _of_another(registry, DASHBOARD_FAILED_EXITS[name]))
            for name, mark in MARKS.items()
        ),
    ]
    return Table(("at any step", "what happens"), rows)


def _drawn(flow: Flow) -> list[tuple[str, str, str]]:
    """The exits drawn as arrows: forward within the flow, and only the first to each step, so that none cross."""
    order = {f"{flow.name}.{step.name}": number for number, step in enumerate(flow.steps)}
    found: set[str] = set()
    arrows = []
    for step in sorted(flow.steps, key=lambda each: order[f"{flow.name}.{each.name}"]):
        for name, target in targets(flow, step):
            if order.get(target, -1) > order[f"{flow.name}.{step.name}"] and target not in found:
                arrows.append((step.name, name, target.partition(".")[2]))
                found.add(target)
    return arrows


def _legend(registry: FlowRegistry, flow: Flow) -> str:
    used = {
        name
        for step in flow.steps
        for name, target in targets(flow, step)
        if DASHBOARD_FAILED_EXITS.get(name) == target
    }
    legends = [
        f"{mark} {WORDS[name]} → {_of_another(registry, DASHBOARD_FAILED_EXITS[name])}"
        for name, mark in MARKS.items()
        if name in used
    ]
    return f'graph [label="{_quoted("     ".join(legends))}" labelloc=b labeljust=l fontsize=8 fontcolor="#555555"]'


def _box(registry: FlowRegistry, flow: Flow, step: Step, drawn: Sequence[tuple[str, str, str]]) -> str:
    arrows = {(source, name) for source, name, _ in drawn}
    rows = [
        _row(in_words(name), _where(registry, flow, target))
        for name, target in targets(flow, step)
        if (step.name, name) not in arrows and DASHBOARD_FAILED_EXITS.get(name) != target
    ]
    failed = {name for name, target in targets(flow, step) if DASHBOARD_FAILED_EXITS.get(name) == target}
    marks = "".join(mark for name, mark in MARKS.items() if name in failed)
    confirms = isinstance(step, Question) and step.confirms
    return _table(
        step.name.replace("_", " "), _kind(step), rows, marks=marks, bold=confirms, call=isinstance(step, CoreCall)
    )


def _row(exit_: str, where: str) -> str:
    return f"→ {where}" if exit_ == where else f"{exit_} → {where}"


def _table(
    title: str, below: str, rows: Sequence[str], *, marks: str = "", bold: bool = False, call: bool = False
) -> str:
    fill, border = ("#e4e4e4", 1) if call else ("#ffffff", 3 if bold else 1)
    style = "" if call else ' style="rounded"'
    # A separate font, because graphviz would measure bold text as plain text.
    cells = [f'<tr><td><font face="{BOLD}">{html.escape(title)}</font>{f"&#160;{marks}" if marks else ""}</td></tr>']
    cells += [f'<tr><td><font point-size="8" color="#555555">{html.escape(below)}</font></td></tr>'] if below else []
    cells += [f'<tr><td align="left"><font point-size="9">{html.escape(row)}</font></td></tr>' for row in rows]
    look = f'border="{border}" cellborder="0" cellspacing="0" cellpadding="3" bgcolor="{fill}" color="#333333"{style}'
    return f"<table {look}>{''.join(cells)}</table>"


def _kind(step: Step) -> str:
    if isinstance(step, CoreCall):
        return "writes at Credex core" if step.on_reconciled is not None else "asks Credex core"
    if step.confirms:
        return "asks to confirm"
    return KINDS[step.kind]


def _where(registry: FlowRegistry, flow: Flow, target: str) -> str:
    if target == END:
        return "the end"
    own, _, step = target.partition(".")
    return step.replace("_", " ") if own == flow.name else _of_another(registry, target)


def _of_another(registry: FlowRegistry, target: str) -> str:
    """A step of another flow, in words."""
    flow, _, step = target.partition(".")
    if target == registry.home:
        return "home" if flow == "home" else f"home ({flow})"
    return f"{flow}: {step.replace('_', ' ')}"


def _entries(registry: FlowRegistry, flow: Flow) -> Iterator[str]:
    """The entry points of the flow, drawn above their steps."""
    for number, (target, entries) in enumerate(_entry_points(registry).items()):
        own, _, step = target.partition(".")
        shown = [entry for source, entry in entries if source != flow.name]
        if own == flow.name and shown:
            more = ["…"] if len(shown) > MOST_ENTRIES else []
            label = "\\n".join(_quoted(each) for each in [*shown[:MOST_ENTRIES], *more])
            yield f'"in{number}" [shape=plaintext label="{label}" fontsize=9 fontcolor="#333333"]'
            yield f'"in{number}" -> "{step}" [style=dashed]'


def _entry_points(registry: FlowRegistry) -> dict[str, list[tuple[str, str]]]:
    """Entry points by step: keywords, buttons, and the names of other flows."""
    entries: dict[str, list[tuple[str, str]]] = {}
    for word, route in registry.keywords.items():
        entries.setdefault(registry.routes.get(route, ""), []).append(("", f"“{word}”"))
    for route in sorted(registry.routes.keys() - set(registry.keywords.values())):
        entries.setdefault(registry.routes[route], []).append(("", f"button: {route.replace('_', ' ')}"))
    for shortcut in registry.shortcuts:
        entries.setdefault(shortcut.target, []).append(("", "in one line"))
    for name, target in DASHBOARD_FAILED_EXITS.items():
        entries.setdefault(target, []).append(("", f"any flow: {WORDS[name]}"))
    others = dict.fromkeys((target, source.partition(".")[0]) for source, _, target in registry.edges())
    for target, source in others:
        if target not in DASHBOARD_FAILED_EXITS.values():
            entries.setdefault(target, []).append((source, f"from {source}"))
    if registry.anonymous:
        entries.setdefault(registry.anonymous, []).append(("", "members who hide their number"))
    return entries


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
