"""Stacks for the tests: synthesised once where the infrastructure's environment is there, else as the snapshots say.

Rules about the stacks need nothing but their JSON, so they are checked everywhere. What needs the libraries of
`.venv-infra` (`.ci/infra`) is collected only there.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.infrastructure.stacks import ENVIRONMENT_NAMES, PARTS, Stack
from tests.infrastructure.terraform import is_there

ROOT = Path(__file__).parents[2]
OUTDIR = ROOT / "cdktf" / "cdktf.out"
SNAPSHOTS = ROOT / "snapshots" / "infrastructure"
STACKS = [f"{environment}-{part}" for environment in ENVIRONMENT_NAMES for part in PARTS]
NEEDS_LIBRARIES = (
    *("test_botocore.py", "test_checkov.py", "test_deploy_cycle.py", "test_policies.py", "test_provider_schema.py"),
    *("test_release.py", "test_snapshots_infrastructure.py", "test_terraform.py"),
)
EXPENSIVE = ("test_checkov.py", "test_provider_schema.py", "test_deploy_cycle.py", "test_state_redis.py")
"""Modules whose fixtures are too expensive to be made in several processes."""
# Not cdktf itself: the folder of that name would be found.
HAS_LIBRARIES = all(find_spec(name) for name in ("parliament", "moto", "tf"))
collect_ignore = [] if HAS_LIBRARIES else list(NEEDS_LIBRARIES)


@dataclass(frozen=True, slots=True)
class Synthesised:
    """What main.py wrote: cdk.tf.json by stack, and the findings that are accepted."""

    files: dict[str, Path]
    accepted: list[dict[str, str]]


def sources() -> str:
    """A digest of all that the stacks are made from."""
    digest = hashlib.sha256(sys.version.encode())
    paths = [*(ROOT / "cdktf").glob("*.py"), *(ROOT / "cdktf" / "vimbisopay_infra").glob("*.py")]
    more = [
        ROOT / name for name in ("service/observability/metrics.py", "infra.lock", "cdktf/vimbisopay-permissions.json")
    ]
    for path in sorted([*paths, *more]):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep tests that share plans, or an expensive fixture of their module, in one process."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            if "plans" in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.xdist_group("plans"))
            elif item.path.name in EXPENSIVE:
                item.add_marker(pytest.mark.xdist_group(item.path.stem))


@pytest.fixture(scope="session")
def synthesised() -> Synthesised:
    """Synthesised now, unless nothing has changed since the last time. Only one process at a time synthesises."""
    with (ROOT / "cdktf" / "main.py").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _synthesise_if_changed()
    files = {name: OUTDIR / "stacks" / name / "cdk.tf.json" for name in STACKS}
    return Synthesised(files, json.loads((OUTDIR / "accepted.json").read_text("utf-8")))


def _synthesise_if_changed() -> None:
    mark, digest = OUTDIR / ".sources", sources()
    if mark.is_file() and mark.read_text("utf-8") == digest:
        return
    # A process of its own: the bindings take 12 seconds and 600 MB, and nothing here needs them in memory.
    done = subprocess.run(
        [sys.executable, str(ROOT / "cdktf" / "main.py"), "--outdir", str(OUTDIR)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": ""},
    )
    assert done.returncode == 0, done.stderr[-4000:]
    mark.write_text(digest, "utf-8")


@pytest.fixture(scope="session")
def stack_files(request: pytest.FixtureRequest) -> dict[str, Path]:
    """The stacks' files: fresh ones, or without the libraries the snapshots."""
    if HAS_LIBRARIES:
        fresh: Synthesised = request.getfixturevalue("synthesised")
        return fresh.files
    return {name: SNAPSHOTS / f"{name}.json" for name in STACKS}


@pytest.fixture(scope="session", params=ENVIRONMENT_NAMES)
def stack(request: pytest.FixtureRequest, stack_files: dict[str, Path]) -> Stack:
    """Each environment in turn."""
    return Stack.read(request.param, stack_files)


@pytest.fixture(scope="session")
def both(stack_files: dict[str, Path]) -> dict[str, Stack]:
    """The environments, by name."""
    return {name: Stack.read(name, stack_files) for name in ENVIRONMENT_NAMES}


@pytest.fixture(scope="session")
def s3_url() -> Iterator[str]:
    """An emulation of S3 on this machine, with the bucket of each environment."""
    import boto3  # noqa: PLC0415 - there only with the libraries
    from moto.server import ThreadedMotoServer  # noqa: PLC0415

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        _, port = server.get_host_and_port()
        url = f"http://127.0.0.1:{port}"
        keys: dict[str, Any] = {"aws_access_key_id": "invented", "aws_secret_access_key": "invented"}
        client = boto3.client("s3", endpoint_url=url, region_name="af-south-1", **keys)
        for name in ENVIRONMENT_NAMES:
            client.create_bucket(
                Bucket=f"vimbiso-pay-terraform-state-{name}",
                CreateBucketConfiguration={"LocationConstraint": "af-south-1"},
            )
        yield url
    finally:
        server.stop()


@pytest.fixture(scope="session")
def terraform() -> None:
    """Terraform is there, or the test is skipped: no package of Debian has it, so nothing can install it here."""
    if not is_there():
        pytest.skip(
            "terraform is not installed (https://developer.hashicorp.com/terraform/install): nothing was planned"
        )


@pytest.fixture(scope="session")
def plans(
    tmp_path_factory: pytest.TempPathFactory,
    synthesised: Synthesised,
    s3_url: str,
    terraform: None,  # noqa: ARG001 - it skips
) -> Any:
    """Plans of all stacks, each made once."""
    from tests.infrastructure.planned import Plans  # noqa: PLC0415 - there only with the libraries

    return Plans.under(tmp_path_factory.mktemp("plans"), synthesised.files, s3_url)
