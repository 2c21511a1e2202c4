"""The policy scanner's findings on the plans: each is accepted beside its resource with a reason, or repaired."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.infrastructure.conftest import ROOT, STACKS, Synthesised
from tests.infrastructure.planned import Plans

CHECKOV = ROOT / ".venv-checkov" / "bin" / "checkov"
Finding = tuple[str, str, str]
"""Stack, address, check."""


@pytest.fixture(scope="module")
def findings(plans: Plans) -> set[Finding]:
    """What the scanner does not like, in all stacks."""
    if not CHECKOV.exists():
        reason = "checkov is not installed (`.ci/infra checkov`), so the plans were not scanned"
        if os.environ.get("REQUIRE_PROGRAMS") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    files = {str(plans.file(name)): name for name in STACKS}
    named = [part for path in files for part in ("-f", path)]
    done = subprocess.run(
        [str(CHECKOV), *named, "--framework", "terraform_plan", "--skip-download", "--quiet", "-o", "json"],
        cwd=plans.root,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "CHECKOV_RUN_SCA_PACKAGE_SCAN": "false", "LOG_LEVEL": "ERROR"},
    )
    reports = json.loads(done.stdout)
    results = (reports if isinstance(reports, list) else [reports])[0]
    assert results["summary"]["passed"] > 300, done.stdout[-2000:]
    return {_finding(each, files) for each in results["results"]["failed_checks"]}


def _finding(failed: dict[str, Any], files: dict[str, str]) -> Finding:
    path = Path(failed["file_abs_path"])
    return files.get(str(path), path.parent.name), failed["resource"], failed["check_id"]


def test_every_finding_of_the_scanner_is_explained(findings: set[Finding], synthesised: Synthesised) -> None:
    """No finding without a reason beside its resource, and no reason that outlives its finding."""
    accepted = {(each["stack"], each["address"], each["check"]) for each in synthesised.accepted}

    assert "\n".join(map(str, sorted(findings - accepted))) == ""
    assert "\n".join(map(str, sorted(accepted - findings))) == ""


def test_every_reason_is_one(synthesised: Synthesised) -> None:
    """A sentence, not a word."""
    assert all(len(each["because"].split()) >= 6 for each in synthesised.accepted)
