"""Real Terraform reads what is synthesised: valid, and planned for both environments, against the schema alone."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.infrastructure.conftest import STACKS, Synthesised
from tests.infrastructure.planned import Plans
from tests.infrastructure.terraform import Terraform, prepared

Json = dict[str, Any]


@pytest.mark.parametrize("name", STACKS)
def test_every_stack_can_be_planned(plans: Plans, synthesised: Synthesised, name: str) -> None:
    """Valid for Terraform, and each of its resources would be created."""
    resources = json.loads(synthesised.files[name].read_text("utf-8"))["resource"]
    wanted = {f"{kind}.{each}" for kind, found in resources.items() for each in found}
    created = {
        change["address"]
        for change in plans.plan(name)["resource_changes"]
        if change["change"]["actions"] == ["create"]
    }

    assert created == wanted


def _set(kind: str, **given: object) -> Callable[[Json], None]:
    def spoil(stack: Json) -> None:
        next(iter(stack["resource"][kind].values())).update(given)

    return spoil


def _drop(kind: str, member: str) -> Callable[[Json], None]:
    def spoil(stack: Json) -> None:
        del next(iter(stack["resource"][kind].values()))[member]

    return spoil


def _camel(stack: Json) -> None:
    service = next(iter(stack["resource"]["aws_ecs_service"].values()))
    service["network_configuration"]["assignPublicIp"] = True


MISTAKES = {
    "an unknown argument": (_set("aws_ecs_service", desired_cuont=3), "desired_cuont"),
    "camel case in a block": (_camel, "assignPublicIp"),
    "a required argument is missing": (_drop("aws_elasticache_replication_group", "description"), "description"),
    "a required block is missing": (_drop("aws_lb_listener", "default_action"), "default_action"),
    "a word where a number belongs": (_set("aws_ecs_service", desired_count="two"), "number"),
    "a list where text belongs": (_set("aws_lb", name=["a"]), "string"),
    "a reference to an attribute that is not": (_set("aws_lb", name="${aws_lb_target_group.door_targets.nothing}"), ""),
    "a reference to a resource that is not": (_set("aws_lb", name="${aws_lb.nobody.name}"), "nobody"),
    "two of a block that is given once": (
        _set("aws_ecs_service", network_configuration=[{"subnets": ["a"]}, {"subnets": ["b"]}]),
        "network_configuration",
    ),
}


@pytest.fixture(scope="module")
def place(
    tmp_path_factory: pytest.TempPathFactory,
    synthesised: Synthesised,
    terraform: None,  # noqa: ARG001 - it skips
) -> tuple[Terraform, Path]:
    """A folder that was initialised for the application of staging."""
    root = tmp_path_factory.mktemp("mistakes")
    source = synthesised.files["staging-application"]
    made, folder = prepared(root, [source]), root / "stack"
    folder.mkdir()
    (folder / "cdk.tf.json").write_bytes(source.read_bytes())
    made.run("init", "-backend=false", "-input=false", folder=folder)
    return made, folder


@pytest.mark.parametrize("mistake", MISTAKES)
def test_terraform_would_see_a_mistake(place: tuple[Terraform, Path], synthesised: Synthesised, mistake: str) -> None:
    """The schema is good enough to catch what people get wrong."""
    made, folder = place
    spoil, named = MISTAKES[mistake]
    stack = copy.deepcopy(json.loads(synthesised.files["staging-application"].read_text("utf-8")))
    spoil(stack)
    (folder / "cdk.tf.json").write_text(json.dumps(stack), "utf-8")

    verdict = made.validated(folder)

    assert verdict["valid"] is False
    assert named in json.dumps(verdict["diagnostics"])
