"""A table of what is synthesised: resources by kind, stack by stack, environment beside environment."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

__all__ = ("resource_counts", "table")


def resource_counts(outdir: Path) -> dict[str, Counter[str]]:
    """How many resources of each kind a stack has, by the stack's name."""
    found = {}
    for path in sorted((outdir / "stacks").glob("*/cdk.tf.json")):
        resources = json.loads(path.read_text("utf-8")).get("resource", {})
        found[path.parent.name] = Counter({kind: len(each) for kind, each in resources.items()})
    return found


def table(stacks: Mapping[str, Counter[str]]) -> str:
    """The table as text; a stack's two environments stand beside each other."""
    parts = list(dict.fromkeys(name.split("-", 1)[1] for name in stacks))
    environments = sorted({name.split("-", 1)[0] for name in stacks}, reverse=True)
    order = sorted(parts, key=["bootstrap", "base", "application"].index)
    width = max(len(kind) for each in stacks.values() for kind in each) + 2
    lines = []
    for part in order:
        columns = [stacks[f"{environment}-{part}"] for environment in environments]
        heads = "".join(f"{environment:>12}" for environment in environments)
        lines += [f"{part:<{width}}{heads}", "-" * (width + 12 * len(environments))]
        for kind in sorted(set().union(*columns)):
            lines.append(f"{kind:<{width}}" + "".join(f"{column[kind]:>12}" for column in columns))
        lines += [f"{'resources':<{width}}" + "".join(f"{column.total():>12}" for column in columns), ""]
    return "\n".join(lines)
