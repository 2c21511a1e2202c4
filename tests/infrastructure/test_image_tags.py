"""What the images of a deployment are called: the script of the workflow, run with a registry that is a folder."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.infrastructure.stacks import Stack

ROOT = Path(__file__).parents[2]
COMMIT = "0123456789abcdef0123456789abcdef01234567"
OLDER = COMMIT[::-1]
REGISTRY = """#!/bin/sh
# aws ecr describe-images --repository-name NAME --image-ids imageTag=TAG
test -e "$IMAGES/$4:${6#imageTag=}"
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What the script looks at, and an `aws` that knows the images in a folder."""
    for name in (".github/scripts", "cdktf/redis-state"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "images").mkdir()
    (tmp_path / "bin").mkdir()
    aws = tmp_path / "bin" / "aws"
    aws.write_text(REGISTRY, "utf-8")
    aws.chmod(0o755)
    return tmp_path


def tags(checkout: Path, **more: str) -> dict[str, str]:
    """What the script decides."""
    done = subprocess.run(
        [str(checkout / ".github" / "scripts" / "image-tags"), "staging", COMMIT],
        env={"PATH": f"{checkout / 'bin'}:{os.environ['PATH']}", "IMAGES": str(checkout / "images"), **more},
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(line.split("=", 1) for line in done.stdout.splitlines())


def rebuilt(checkout: Path) -> dict[str, str]:
    """What the scheduled run decides."""
    return tags(checkout, REBUILD="true", GITHUB_RUN_ID="17")


def test_an_image_is_called_by_what_it_is_made_of(checkout: Path) -> None:
    """The service's by the commit; the state Redis's by its own sources, of which its credentials are none."""
    before = tags(checkout)
    (checkout / "cdktf" / "redis-state" / "credentials.py").write_text("", "utf-8")
    same = tags(checkout)
    (checkout / "cdktf" / "redis-state" / "healthy.sh").write_text("", "utf-8")

    assert before["service_tag"] == COMMIT
    assert same == before
    assert tags(checkout)["state_tag"] != before["state_tag"]


def test_what_is_in_the_registry_is_not_built_again(checkout: Path) -> None:
    """Each of the two by itself: tags never move."""
    (checkout / "images" / f"vimbiso-pay-staging:{COMMIT}").touch()

    found = tags(checkout)
    assert (found["service_known"], found["state_known"]) == ("true", "false")


def test_both_are_built_anew_for_patches(checkout: Path) -> None:
    """Of the same sources, under a name that there is not yet."""
    for name, tag in (("vimbiso-pay-staging", "service_tag"), ("vimbiso-pay-staging-redis-state", "state_tag")):
        (checkout / "images" / f"{name}:{tags(checkout)[tag]}").touch()

    found, plain = rebuilt(checkout), tags(checkout)
    assert found["service_tag"] == f"{COMMIT}-17"
    assert found["state_tag"] == f"{plain['state_tag']}-17"
    assert (found["service_known"], found["state_known"]) == ("false", "false")


def test_a_push_does_not_take_the_patches_back(checkout: Path) -> None:
    """What runs was built anew of the same sources: it stays. What was made of others does not."""
    patched = rebuilt(checkout)
    running = {"RUNNING_TAG": patched["service_tag"], "RUNNING_STATE_TAG": patched["state_tag"]}
    others = {"RUNNING_TAG": f"{OLDER}-17", "RUNNING_STATE_TAG": OLDER}

    found, changed = tags(checkout, **running), tags(checkout, **others)
    assert (found["service_tag"], found["state_tag"]) == (patched["service_tag"], patched["state_tag"])
    assert changed == tags(checkout)


def test_terraform_takes_every_tag_that_the_workflow_makes(checkout: Path, stack: Stack) -> None:
    """A tag that it refuses would end the scheduled deployment before it began."""
    made = [found[tag] for found in (tags(checkout), rebuilt(checkout)) for tag in ("service_tag", "state_tag")]
    for name in ("image_tag", "state_image_tag"):
        (rule,) = stack.parts["application"]["variable"][name]["validation"]
        (pattern,) = re.findall(r'regex\("([^"]+)"', rule["condition"])
        assert [tag for tag in made if not re.search(pattern, tag)] == []
