"""Show that the maintained fork of CDK for Terraform makes the same resources: `make fork-test`.

It installs the fork into a folder of its own (another 500 MB, so no other target does it), runs the same sources with
the one module that imports the libraries rewritten, and compares what comes out with what the archived one made. What
may differ is named here: the provider's version and address, and notes of the tool itself.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.infrastructure.stacks import ENVIRONMENT_NAMES, PARTS, readable

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".venv-fork"
REQUIREMENTS = ("cdktn==0.24.0", "cdktn-provider-aws==25.8.1")
RENAMED = {"cdktf_cdktf_provider_aws": "cdktn_provider_aws", "from cdktf import": "from cdktn import"}


def installed() -> Path:
    """The interpreter of an environment with the fork."""
    python = FOLDER / "bin" / "python"
    mark = FOLDER / ".requirements"
    if mark.is_file() and mark.read_text("utf-8") == " ".join(REQUIREMENTS):
        return python
    print(f"Setting up {FOLDER.name} (once; a minute or two) ...", flush=True)  # noqa: T201 - this is a command
    subprocess.run([sys.executable, "-m", "venv", str(FOLDER)], check=True)
    (FOLDER / ".gitignore").write_text("*\n", "utf-8")
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    subprocess.run([*command, *REQUIREMENTS], check=True)
    mark.write_text(" ".join(REQUIREMENTS), "utf-8")
    return python


def synthesised(python: Path, folder: Path) -> dict[str, Any]:
    """What the fork makes of our sources, in which only `tf.py` is changed."""
    ignored = shutil.ignore_patterns("cdktf.out", "node_modules", "__pycache__")
    shutil.copytree(ROOT / "cdktf", folder / "cdktf", ignore=ignored)
    (folder / "service" / "observability").mkdir(parents=True)
    for name in ("__init__.py", "observability/__init__.py", "observability/metrics.py"):
        shutil.copy(ROOT / "service" / name, folder / "service" / name)
    module = folder / "cdktf" / "vimbisopay_infra" / "tf.py"
    text = module.read_text("utf-8")
    for old, new in RENAMED.items():
        text = text.replace(old, new)
    module.write_text(text, "utf-8")
    out = folder / "out"
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
    subprocess.run([str(python), str(folder / "cdktf" / "main.py"), "--outdir", str(out)], check=True, env=environment)
    return stacks(out)


def stacks(out: Path) -> dict[str, Any]:
    """Resources, data, variables and outputs by stack: all but what says which tool and provider made them."""
    found = {}
    for name in (f"{environment}-{part}" for environment in ENVIRONMENT_NAMES for part in PARTS):
        stack = readable(json.loads((out / "stacks" / name / "cdk.tf.json").read_text("utf-8")))
        del stack["terraform"]["required_providers"]
        found[name] = stack
    return found


def main() -> int:
    """Compare; 0 when all is the same."""
    python = installed()
    with tempfile.TemporaryDirectory(prefix="fork-") as folder:
        forked = synthesised(python, Path(folder))
    ours = stacks(ROOT / "cdktf" / "cdktf.out")
    differing = [
        f"{name}: {part} {kind}"
        for name, stack in ours.items()
        for part in sorted({*stack, *forked[name]})
        for kind in sorted({*stack.get(part, {}), *forked[name].get(part, {})})
        if stack.get(part, {}).get(kind) != forked[name].get(part, {}).get(kind)
    ]
    resources = sum(len(each) for stack in ours.values() for each in stack["resource"].values())
    print("\n".join(differing) or f"The fork makes the same {resources} resources.")  # noqa: T201
    return bool(differing)


if __name__ == "__main__":
    sys.exit(main())
