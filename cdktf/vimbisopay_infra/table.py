"""A table of the synthesised resources: counts by type, for each stack and environment."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

__all__ = ("resource_counts", "table")


def resource_counts(outdir: Path) -> dict[str, Counter[str]]:
    """The number of resources of each type, by the stack's name."""
    found = {}
    for path in sorted((outdir / "stacks").glob("*/cdk.tf.json")):
        resources = json.loads(path.read_text("utf-8")).get("resource", {})
        found[path.parent.name] = Counter({kind: len(each) for kind, each in resources.items()})
    return found


def table(stacks: Mapping[str, Counter[str]]) -> str:
    """The table as text, with a column for each environment."""
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
