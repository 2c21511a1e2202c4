"""A whole life through cdktf's own command line: deployed, unchanged when looked at again, and destroyed."""

from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest

from tests.infrastructure.conftest import OUTDIR, ROOT, Synthesised
from tests.infrastructure.planned import on_this_machine
from tests.infrastructure.terraform import prepared, run
from vimbisopay_infra.environment import ENVIRONMENTS, Environment

CDKTF = ROOT / "cdktf" / "node_modules" / ".bin" / "cdktf"
KEPT = ("base", "application")


@dataclass(frozen=True, slots=True)
class CommandLine:
    """`cdktf` in a copy of what was synthesised."""

    folder: Path
    environment: dict[str, str]

    def __call__(self, command: str, *more: str) -> str:
        """What it prints, without colours."""
        options = ("--skip-synth", "--skip-provider-lock", *more)
        said = run(str(CDKTF), command, *options, folder=self.folder, environment=self.environment)
        return re.sub(r"\x1b\[[0-9;]*m", "", said)


@pytest.fixture
def cdktf(
    tmp_path: Path,
    synthesised: Synthesised,
    s3_url: str,
    terraform: None,  # noqa: ARG001 - it skips
) -> CommandLine:
    """The command line, with the stand-in for a provider and the emulation for a store."""
    if not CDKTF.exists():
        reason = "cdktf-cli is not installed (`.ci/infra node`), so nothing was deployed through it"
        if os.environ.get("REQUIRE_PROGRAMS") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    shutil.copytree(OUTDIR, tmp_path / "cdktf.out", ignore=shutil.ignore_patterns(".terraform*"))
    shutil.copy(ROOT / "cdktf" / "cdktf.json", tmp_path)
    files = {name: tmp_path / "cdktf.out" / "stacks" / name / "cdk.tf.json" for name in synthesised.files}
    for path in files.values():
        path.write_text(on_this_machine(path.read_text("utf-8"), prefix="cycle/"), "utf-8")
    return CommandLine(tmp_path, prepared(tmp_path, list(files.values()), s3_url=s3_url).environment)


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda each: each.name)
def test_a_deployment_is_complete_stable_and_can_be_undone(
    cdktf: CommandLine, synthesised: Synthesised, s3_url: str, environment: Environment
) -> None:
    """Base and application are applied in their order; a second look finds no changes; all can be destroyed.

    Each stack's state is in the bucket, under its own key, while a lock beside it keeps others away.
    """
    names = [f"{environment.name}-{part}" for part in KEPT]
    resources = {name: json.loads(synthesised.files[name].read_text("utf-8"))["resource"] for name in names}
    counts = {name: sum(map(len, found.values())) for name, found in resources.items()}
    bucket = boto3.client(
        "s3",
        endpoint_url=s3_url,
        region_name="af-south-1",
        aws_access_key_id="invented",
        aws_secret_access_key="invented",
    )

    deployed = cdktf("deploy", *names, "--auto-approve", "--outputs-file", "outputs.json")
    outputs = json.loads((cdktf.folder / "outputs.json").read_text("utf-8"))
    again = cdktf("diff", names[1])
    listed = bucket.list_objects_v2(Bucket=environment.state_bucket, Prefix="cycle/")
    destroyed = cdktf("destroy", *names, "--auto-approve")

    for name in names:
        assert f"Resources: {counts[name]} added, 0 changed, 0 destroyed" in deployed
        assert f"Resources: {counts[name]} destroyed" in destroyed
    assert outputs[names[1]]["public_name"] == f"https://{environment.domain}"
    assert "No changes. Your infrastructure matches the configuration." in again
    assert [each["Key"] for each in listed["Contents"]] == [f"cycle/{part}.tfstate" for part in sorted(KEPT)]
