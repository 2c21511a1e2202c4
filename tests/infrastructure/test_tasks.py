"""Rules about images, tasks and services on ECS."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.infrastructure.stacks import Stack
from vimbisopay_infra.environment import ENVIRONMENTS
from vimbisopay_infra.secret_names import SECRETS

ROOT = Path(__file__).parents[2]
FARGATE = {
    256: {512, 1024, 2048},
    512: set(range(1024, 4097, 1024)),
    1024: set(range(2048, 8193, 1024)),
    2048: set(range(4096, 16385, 1024)),
    4096: set(range(8192, 30721, 1024)),
}
"""MiB that go with CPU units. Source: AWS, "Task CPU and memory" of Fargate."""


def containers(stack: Stack) -> list[dict[str, Any]]:
    """Of all tasks."""
    return [one for each in stack.all("aws_ecs_task_definition") for one in each.given["container_definitions"]]


def service(stack: Stack, ending: str) -> dict[str, Any]:
    """The ECS service whose name ends so."""
    return stack.named("aws_ecs_service", ending)


def test_no_secret_is_a_plain_value(stack: Stack) -> None:
    """What is secret reaches a task by reference, under the variable that the service reads."""
    secret = {each.environment_variable for each in SECRETS if each.environment_variable}
    given: set[str] = set()
    for container in containers(stack):
        given |= {each["name"] for each in container["secrets"]}
        assert {each["name"] for each in container["environment"]}.isdisjoint(secret)
        assert all("aws_secretsmanager_secret" in each["valueFrom"] for each in container["secrets"])

    assert given == secret


def test_no_value_of_a_secret_is_in_the_code(stack: Stack) -> None:
    """Secrets are made empty; the only value that Terraform writes is an address made of another secret."""
    (written,) = stack.all("aws_secretsmanager_secret_version")

    assert "${data.aws_secretsmanager_secret_version." in written.given["secret_string"]
    assert re.fullmatch(r"rediss(\+cluster)?://:\$\{[^}]+\}@\$\{[^}]+\}:6379/0", written.given["secret_string"])


def test_plain_settings_look_like_no_secret(stack: Stack) -> None:
    """No variable whose name speaks of a secret is given in the open."""
    names = {each["name"] for container in containers(stack) for each in container["environment"]}

    assert not [name for name in names if re.search(r"SECRET|TOKEN|PASSWORD|KEY|_URL_WITH|CREDENTIAL", name)]


def test_containers_cannot_change_themselves(stack: Stack) -> None:
    """Not root, no capabilities, a read-only root file system, and nothing writable but volumes of their own."""
    for container in containers(stack):
        uid, gid = container["user"].split(":")
        assert int(uid) > 0
        assert int(gid) > 0
        assert container["readonlyRootFilesystem"] is True
        assert container["privileged"] is False
        assert container["linuxParameters"]["capabilities"] == {"drop": ["ALL"]}


def test_what_is_writable_belongs_to_the_container_that_writes(stack: Stack) -> None:
    """An empty volume of Fargate is root's alone, unless the image names it: then it is as in the image."""
    made = {"web": "Dockerfile", "redis-state": "cdktf/redis-state/Dockerfile"}
    for container in containers(stack):
        text = (ROOT / made[container["name"]]).read_text("utf-8")
        named = {path for each in re.findall(r"^VOLUME (\[.+\])$", text, re.MULTILINE) for path in json.loads(each)}

        assert {each["containerPath"] for each in container["mountPoints"]} == named


def test_nobody_opens_a_shell_in_a_container(stack: Stack) -> None:
    """ECS Exec is off."""
    assert [each.given["enable_execute_command"] for each in stack.all("aws_ecs_service")] == [False, False]


def test_releases_do_not_interrupt_the_service(stack: Stack) -> None:
    """As many tasks as before serve all the time, and a release that fails is rolled back by itself."""
    web = service(stack, stack.environment)

    assert web["deployment_minimum_healthy_percent"] == 100
    assert web["deployment_maximum_percent"] == 200
    assert web["deployment_circuit_breaker"] == {"enable": True, "rollback": True}


def test_two_to_four_tasks_follow_cpu_memory_and_requests(stack: Stack) -> None:
    """A task is added at 80 % of CPU or memory, or at many requests each; Terraform leaves the number alone."""
    (target,) = [
        each.given for each in stack.all("aws_appautoscaling_target") if each.given["service_namespace"] == "ecs"
    ]
    policies = {
        spec["predefined_metric_specification"]["predefined_metric_type"]: spec["target_value"]
        for each in stack.all("aws_appautoscaling_policy")
        if "web_count" in each.given["service_namespace"]
        for spec in [each.given["target_tracking_scaling_policy_configuration"]]
    }

    assert (target["min_capacity"], target["max_capacity"]) == (2, 4)
    assert policies == {
        "ECSServiceAverageCPUUtilization": 80,
        "ECSServiceAverageMemoryUtilization": 80,
        "ALBRequestCountPerTarget": 3000,
    }
    assert service(stack, stack.environment)["lifecycle"] == {"ignore_changes": ["desired_count"]}


def test_task_sizes_are_those_of_the_environment_and_fargate_has_them(both: dict[str, Stack]) -> None:
    """CPU and memory come from one place, in a pair that can be bought."""
    for environment in ENVIRONMENTS:
        sizes = {
            each.given["family"]: (int(each.given["cpu"]), int(each.given["memory"]))
            for each in both[environment.name].all("aws_ecs_task_definition")
        }

        assert sizes == {
            environment.prefix: (environment.tasks.cpu, environment.tasks.memory_mib),
            f"{environment.prefix}-redis-state": (environment.state.cpu, environment.state.memory_mib),
        }
        assert all(memory in FARGATE[cpu] for cpu, memory in sizes.values())


def test_health_is_asked_of_containers_targets_and_the_public_name(stack: Stack) -> None:
    """Three who ask `/health/`: ECS inside, the load balancer, and Route 53 from outside."""
    (web,) = [each for each in containers(stack) if each["name"] == "web"]

    assert any("/health/" in part for part in web["healthCheck"]["command"])
    assert stack.one("aws_lb_target_group")["health_check"]["path"] == "/health/"
    assert stack.one("aws_route53_health_check")["resource_path"] == "/health/"


def test_a_moving_state_redis_does_not_take_the_tasks_with_it(stack: Stack) -> None:
    """Tasks without state answer 503; they are replaced only after longer than the state Redis needs to move."""
    (web,) = [each for each in containers(stack) if each["name"] == "web"]
    check, target = web["healthCheck"], stack.one("aws_lb_target_group")["health_check"]

    assert check["interval"] * check["retries"] >= 300
    assert target["interval"] * target["unhealthy_threshold"] >= 300


def test_a_task_has_time_to_finish(stack: Stack) -> None:
    """SIGKILL comes later than the 25 seconds within which the service ends by itself; requests are drained."""
    assert all(each["stopTimeout"] > 25 for each in containers(stack))
    assert int(stack.one("aws_lb_target_group")["deregistration_delay"]) <= 60


def test_logs_go_where_the_alarms_look(stack: Stack) -> None:
    """`/ecs/vimbiso-pay-<environment>`, without making the service wait for the log."""
    (web,) = [each for each in containers(stack) if each["name"] == "web"]
    options = web["logConfiguration"]["options"]

    assert options["awslogs-group"] == f"/ecs/vimbiso-pay-{stack.environment}"
    assert stack.one("aws_cloudwatch_log_metric_filter")["log_group_name"] == options["awslogs-group"]
    assert options["mode"] == "non-blocking"


def test_every_log_group_ends_some_day(stack: Stack) -> None:
    """Retention is set, and logs are encrypted with our key."""
    groups = stack.all("aws_cloudwatch_log_group")

    assert len(groups) == 5
    assert all(each.given["retention_in_days"] > 0 and each.given["kms_key_id"] for each in groups)


def test_containers_are_watched(stack: Stack) -> None:
    """Container Insights is on."""
    assert stack.one("aws_ecs_cluster")["setting"] == [{"name": "containerInsights", "value": "enabled"}]


def test_an_image_is_what_its_tag_says_for_ever(stack: Stack) -> None:
    """Immutable tags, scanned on push, encrypted, and the newest 20 kept."""
    repositories = [each.given for each in stack.all("aws_ecr_repository")]
    lifecycles = [each.given["policy"]["rules"] for each in stack.all("aws_ecr_lifecycle_policy")]

    assert {each["name"] for each in repositories} == {
        f"vimbiso-pay-{stack.environment}",
        f"vimbiso-pay-{stack.environment}-redis-state",
    }
    assert all(each["image_tag_mutability"] == "IMMUTABLE" for each in repositories)
    assert all(each["image_scanning_configuration"] == {"scan_on_push": True} for each in repositories)
    assert all(each["encryption_configuration"][0]["encryption_type"] == "KMS" for each in repositories)
    assert [[rule["selection"]["countNumber"] for rule in rules] for rules in lifecycles] == [[20], [20]]


@pytest.mark.parametrize("name", ["image_tag", "state_image_tag"])
def test_what_is_deployed_is_named_by_its_commit(stack: Stack, name: str) -> None:
    """There is no tag like latest: without a full SHA nothing is planned."""
    variable = stack.parts["application"]["variable"][name]

    assert "default" not in variable
    assert variable["validation"][0]["condition"].startswith('${can(regex("^[0-9a-f]{40}(-')


def test_a_task_starts_when_its_roles_are_complete(stack: Stack) -> None:
    """A role without its policies yet could not fetch image or secrets."""
    for task in stack.all("aws_ecs_task_definition"):
        assert any("roles_starting" in each for each in task.given["depends_on"])
