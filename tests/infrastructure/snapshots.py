"""Write the synthesised stacks anew under `snapshots/infrastructure` (`make infra-snapshots`); then read the change."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.infrastructure.stacks import text_of

__all__ = ("written",)

ROOT = Path(__file__).parents[2]


def written(outdir: Path, folder: Path) -> list[Path]:
    """The snapshots of all stacks in `outdir`, written into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for stack in sorted((outdir / "stacks").glob("*/cdk.tf.json")):
        path = folder / f"{stack.parent.name}.json"
        path.write_text(text_of(json.loads(stack.read_text("utf-8"))), "utf-8")
        made.append(path)
    return made


if __name__ == "__main__":
    for each in written(Path(sys.argv[1]), ROOT / "snapshots" / "infrastructure"):
        print(each.relative_to(ROOT))  # noqa: T201 - this is a command
