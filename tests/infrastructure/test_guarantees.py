"""The table of guarantees and the runbooks in `cdktf/README.md` are true."""

from __future__ import annotations

import re
from fnmatch import fnmatch
from pathlib import Path

from tests.infrastructure.stacks import Stack
from vimbisopay_infra.secret_names import SECRETS

ROOT = Path(__file__).parents[2]


def rows() -> list[tuple[str, str, list[str]]]:
    """Guarantee, resource, tests."""
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


def test_every_secret_has_its_way_of_rotating() -> None:
    """By its name, in the runbook; `redis-state-*` are made together."""
    runbook = (ROOT / "cdktf" / "README.md").read_text("utf-8").split("## Rotating secrets", 1)[1]
    firsts = re.findall(r"^\| ((?:`[a-z*-]+`(?:, )?)+) \|", runbook, re.MULTILINE)
    told = [name for first in firsts for name in re.findall(r"`([a-z*-]+)`", first)]

    assert [each.name for each in SECRETS if not any(fnmatch(each.name, name) for name in told)] == []
    assert [name for name in told if not any(fnmatch(each.name, name) for each in SECRETS)] == []


def test_runbooks_name_what_there_is(stack: Stack) -> None:
    """Services, groups, roles and vaults, as they are called in AWS."""
    text = (ROOT / "cdktf" / "README.md").read_text("utf-8").split("# Runbooks", 1)[1]
    told = set(re.findall(r"\bvimbiso-pay-ENVIRONMENT(?:-[a-z-]+[a-z])?\b(?!/)", text))
    named = {str(each.given.get("name", each.given.get("family", ""))) for each in stack.all()}

    assert len(told) >= 5
    assert {name.replace("ENVIRONMENT", stack.environment) for name in told} - named == set()
