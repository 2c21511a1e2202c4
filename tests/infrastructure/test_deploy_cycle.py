"""A whole life through cdktf's own command line: deployed, unchanged when looked at again, and destroyed."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest

from tests.infrastructure.conftest import OUTDIR, ROOT, Synthesised
from tests.infrastructure.planned import on_this_machine
from tests.infrastructure.terraform import CommandError, prepared, run
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

    def plan(self, stack: str, *options: str) -> int:
        """What Terraform says of a plan by its exit: 0 nothing would change, 2 something would.

        Raises:
            CommandError: it makes no such plan.
        """
        folder = self.folder / "cdktf.out" / "stacks" / stack
        command = ("terraform", "plan", "-input=false", "-lock=false", "-detailed-exitcode", *options)
        try:
            run(*command, folder=folder, environment=self.environment)
        except CommandError as error:
            if " ended with 2:" in str(error):
                return 2
            raise
        return 0

    def unprotect(self, stack: str) -> None:
        """As whoever means it would change the code."""
        path = self.folder / "cdktf.out" / "stacks" / stack / "cdk.tf.json"
        text = path.read_text("utf-8").replace('"prevent_destroy": true', '"prevent_destroy": false')
        path.write_text(text, "utf-8")


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

    Each stack's state is in the bucket, under its own key, while a lock beside it keeps others away. Production is
    destroyed by nobody who has not taken away its protection before.
    """
    names = [f"{environment.name}-{part}" for part in KEPT]
    files = {name: json.loads(synthesised.files[name].read_text("utf-8")) for name in names}
    declared = {name: {kind: len(each) for kind, each in stack["resource"].items()} for name, stack in files.items()}
    bucket = boto3.client(
        "s3",
        endpoint_url=s3_url,
        region_name="af-south-1",
        aws_access_key_id="invented",
        aws_secret_access_key="invented",
    )

    def stored() -> dict[str, dict[str, int]]:
        """What Terraform keeps in the bucket: resources by kind. What cdktf prints may end before its last line."""
        found = {}
        for part in KEPT:
            body = bucket.get_object(Bucket=environment.state_bucket, Key=f"cycle/{part}.tfstate")["Body"].read()
            managed = [each["type"] for each in json.loads(body)["resources"] if each["mode"] == "managed"]
            found[f"{environment.name}-{part}"] = dict(Counter(managed))
        return found

    cdktf("deploy", *names, "--auto-approve", "--outputs-file", "outputs.json")
    outputs = json.loads((cdktf.folder / "outputs.json").read_text("utf-8"))
    assert stored() == declared
    assert outputs[names[1]]["public_name"] == f"https://{environment.domain}"
    assert {"task_definition", "state_task_definition"} <= set(outputs[names[1]])

    cdktf("diff", names[1])
    assert [cdktf.plan(name) for name in names] == [0, 0]

    if environment.deletion_protection:
        with pytest.raises(CommandError, match="Instance cannot be destroyed"):
            cdktf.plan(names[0], "-destroy")
        cdktf.unprotect(names[0])
    cdktf("destroy", *names, "--auto-approve")
    assert stored() == {name: {} for name in names}


def test_what_came_before_the_bucket_is_kept_where_nothing_is_thrown_away(cdktf: CommandLine) -> None:
    """The bootstrap's own state lies beside cdktf.json, as the README says, and not in what is synthesised anew."""
    cdktf("deploy", "staging-bootstrap", "--auto-approve")

    assert [path.name for path in cdktf.folder.glob("*.tfstate")] == ["terraform.staging-bootstrap.tfstate"]
