"""The workflows and the shell scripts, read by the tools that know what is wrong with such things."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
SCRIPTS = sorted(
    path
    for path in [*(ROOT / ".ci").iterdir(), *(ROOT / ".github" / "scripts").iterdir(), *ROOT.glob("cdktf/**/*.sh")]
    if "node_modules" not in path.parts and path.read_text("utf-8").startswith("#!")
)


def run(*command: str | Path) -> str:
    """What a program prints; it must find nothing wrong."""
    done = subprocess.run(
        [str(BIN / command[0]), *map(str, command[1:])],
        cwd=ROOT,
        env={"PATH": f"{BIN}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (done.returncode, done.stdout + done.stderr if done.returncode else "") == (0, "")
    return done.stdout


def jobs(path: Path) -> dict[str, Any]:
    """The jobs of a workflow."""
    found: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))["jobs"]
    return found


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actionlint_finds_nothing(path: Path) -> None:
    """Neither in the workflow nor, by way of shellcheck, in its steps."""
    run("actionlint", path)


def test_zizmor_finds_nothing() -> None:
    """Pinned actions, no kept credentials, no injected text, least permissions."""
    run("zizmor", "--offline", "--quiet", ".github")


def test_dependabot_is_configured_by_its_schema() -> None:
    """It is silently ignored otherwise."""
    run("check-jsonschema", "--builtin-schema", "vendor.dependabot", ".github/dependabot.yml")


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_shellcheck_finds_nothing(path: Path) -> None:
    """In none of the scripts."""
    run("shellcheck", path)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_action_is_pinned_by_its_commit(path: Path) -> None:
    """A tag can be moved by whoever takes over its owner's account; its version stands beside for people."""
    used = re.findall(r"uses: (.+)", path.read_text("utf-8"))
    assert [each for each in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v[0-9.]+", each)] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_no_job_runs_for_ever(path: Path) -> None:
    """Each has a limit of its own; GitHub's is six hours."""
    assert [name for name, job in jobs(path).items() if "timeout-minutes" not in job] == []


def test_one_deployment_at_a_time_and_none_is_cancelled() -> None:
    """In each environment: half a deployment is worse than a late one."""
    text = yaml.safe_load((ROOT / ".github" / "workflows" / "deploy.yml").read_text("utf-8"))
    assert text["concurrency"]["cancel-in-progress"] is False
    assert "inputs.environment" in text["concurrency"]["group"]


def test_the_deployer_holds_no_key() -> None:
    """It becomes a role by OpenID Connect; nothing that could be stolen is stored."""
    text = (ROOT / ".github" / "workflows" / "deploy.yml").read_text("utf-8")
    assert "role-to-assume" in text
    assert "aws-access-key-id" not in text


def test_nothing_is_deployed_that_was_not_tested() -> None:
    """The tests run first, and the deployment waits for them and for the environment's approval."""
    deploy = jobs(ROOT / ".github" / "workflows" / "deploy.yml")["deploy"]
    assert deploy["needs"] == "check"
    assert deploy["environment"]["name"] == "${{ inputs.environment || 'staging' }}"


def test_a_failure_after_the_deployment_goes_back_to_the_last_good_image() -> None:
    """And what went wrong is collected before."""
    steps = [step.get("name", "") for step in jobs(ROOT / ".github" / "workflows" / "deploy.yml")["deploy"]["steps"]]
    wanted = ["Wait until it is stable", "The public name serves the new version", "What went wrong"]
    wanted.append("Back to the last good image")
    assert [name for name in steps if name in wanted] == wanted


def test_the_workflow_gives_terraform_every_input_that_it_asks_for() -> None:
    """A variable that is missing would be asked for at a prompt that nobody sees."""
    asked: set[str] = set()
    for part in ("base", "application"):
        stack = json.loads((ROOT / "snapshots" / "infrastructure" / f"staging-{part}.json").read_text("utf-8"))
        asked |= set(stack["variable"])
    deploy = jobs(ROOT / ".github" / "workflows" / "deploy.yml")["deploy"]
    given = set(deploy["env"]).union(*(step.get("env", {}) for step in deploy["steps"]))
    assert {f"TF_VAR_{name}" for name in asked} - given == set()
