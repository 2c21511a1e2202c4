"""Terraform and cdktf, kept off the network: a provider on disk, a store for state on this machine, invented keys."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.infrastructure.provider_schema import ADDRESS, rebuilt, used_kinds, version

__all__ = ("VARIABLES", "Terraform", "prepared")

ROOT = Path(__file__).parents[2]
VARIABLES = {
    "github_repository": "vimbisopay/vimbisopay",
    "alarm_email": "operators@vimbisopay.africa",
    "image_tag": "a" * 40,
    "state_image_tag": "b" * 40,
    "mycredex_app_url": "https://core.example/v1/",
    "whatsapp_phone_number_id": "506914307656634",
    "whatsapp_business_id": "215589313241560883",
}
"""A deployment's inputs: each stack takes those that it declares."""


class CommandError(Exception):
    """A command ended with an error; the text is what it said."""


@dataclass(frozen=True, slots=True)
class Terraform:
    """How to run Terraform against the stand-in, with state at `s3_url` (an emulation of S3) or nowhere."""

    environment: dict[str, str]

    def run(self, *arguments: str, folder: Path) -> str:
        """What terraform prints.

        Raises:
            CommandError: it ended with an error.
        """
        return run("terraform", *arguments, folder=folder, environment=self.environment)

    def validated(self, folder: Path) -> dict[str, Any]:
        """The verdict on a folder that was initialised; a bad one is no exception."""
        done = subprocess.run(
            ["terraform", "validate", "-json"],
            cwd=folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        verdict: dict[str, Any] = json.loads(done.stdout)
        return verdict


def run(*command: str, folder: Path, environment: dict[str, str]) -> str:
    """What a command prints on both of its outputs.

    Raises:
        CommandError: it ended with an error.
    """
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        check=False,
        timeout=1800,
    )
    if done.returncode:
        raise CommandError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


def prepared(folder: Path, stacks: list[Path], *, s3_url: str | None = None) -> Terraform:
    """Put schema and provider below `folder`, for the stacks (cdk.tf.json) that are to be planned."""
    schema = folder / "schema.json"
    schema.write_text(json.dumps(rebuilt(used_kinds(stacks))), "utf-8")
    mirror, of = folder / "mirror", version()
    program = mirror / ADDRESS / of / _platform() / f"terraform-provider-aws_v{of}"
    program.parent.mkdir(parents=True)
    stand_in = Path(__file__).with_name("stand_in.py")
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -W ignore "{stand_in}" "$@"\n', "utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    config = folder / "offline.tfrc"
    # With no `direct` beside it, no registry is ever asked.
    config.write_text(f'provider_installation {{\n  filesystem_mirror {{\n    path = "{mirror}"\n  }}\n}}\n', "utf-8")
    environment = {
        **{name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
        "TF_CLI_CONFIG_FILE": str(config),
        "STAND_IN_SCHEMA": str(schema),
        "CHECKPOINT_DISABLE": "1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ACCESS_KEY_ID": "invented",
        "AWS_SECRET_ACCESS_KEY": "invented",
        **{name: os.environ[name] for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")},
        "TF_IN_AUTOMATION": "1",
        "CI": "true",
        "NO_COLOR": "1",
        **{f"TF_VAR_{name}": value for name, value in VARIABLES.items()},
    }
    if s3_url:
        environment |= {f"AWS_ENDPOINT_URL_{service}": s3_url for service in ("S3", "STS", "IAM", "DYNAMODB")}
    return Terraform(environment)


def _platform() -> str:
    machine = {"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64"}[os.uname().machine]
    return f"{os.uname().sysname.lower()}_{machine}"


def is_there() -> bool:
    """Whether there is a terraform to run. Debian has none, so nothing can install it for the tests."""
    return shutil.which("terraform") is not None
