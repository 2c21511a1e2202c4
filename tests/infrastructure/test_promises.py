"""The table of promises in `cdktf/README.md` is true."""

from __future__ import annotations

import re
from pathlib import Path

from tests.infrastructure.stacks import Stack

ROOT = Path(__file__).parents[2]


def rows() -> list[tuple[str, str, list[str]]]:
    """Promise, resource, tests."""
    text = (ROOT / "cdktf" / "README.md").read_text("utf-8")
    found = re.findall(r"^\| ([^|]+) \| `(aws_\w+)` \| (`test_[^|]+`) \|$", text, re.MULTILINE)
    return [(promise, kind, re.findall(r"`(test_\w+)`", tests)) for promise, kind, tests in found]


def test_every_promise_has_its_resource(stack: Stack) -> None:
    """In each environment."""
    kinds = {each.kind for each in stack.all()}

    assert len(rows()) >= 40
    assert [promise for promise, kind, _ in rows() if kind not in kinds] == []


def test_every_promise_has_its_test() -> None:
    """By a name that is there."""
    sources = [path.read_text("utf-8") for path in Path(__file__).parent.glob("test_*.py")]
    there = {name for source in sources for name in re.findall(r"^def (test_\w+)", source, re.MULTILINE)}

    assert [name for _, _, tests in rows() for name in tests if name not in there] == []


def test_the_state_of_terraform_is_locked(stack: Stack) -> None:
    """By an object beside it, in the bucket of the bootstrap; what came before the bucket is kept by hand."""
    bucket = f"vimbiso-pay-terraform-state-{stack.environment}"
    backends = {part: each["terraform"]["backend"] for part, each in stack.parts.items()}

    assert stack.all("aws_s3_bucket", part="bootstrap")[0].given["bucket"] == bucket
    assert list(backends["bootstrap"]) == ["local"]
    for part in ("base", "application"):
        assert backends[part] == {
            "s3": {"bucket": bucket, "key": f"{part}.tfstate", "region": "af-south-1", "use_lockfile": True}
        }
