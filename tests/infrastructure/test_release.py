"""The steps of a deployment beside Terraform, against AWS's own models of requests and answers."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from vimbisopay_release import logs, redis, rollout, smoke

CLUSTER = "vimbiso-pay-staging"
ARN = "arn:aws:ecs:af-south-1:123456789012"
DEPLOYED = f"{ARN}:task-definition/bot:7"


def stubbed(service: str, *answers: tuple[str, dict[str, Any], dict[str, Any]], refused: str = "") -> Any:
    """A client that expects these requests, in this order, and checks both sides against AWS's models.

    With `refused`, ECS answers a look at a service with that error.
    """
    client = boto3.client(service, region_name="af-south-1", aws_access_key_id="a", aws_secret_access_key="b")
    stubber = Stubber(client)
    for operation, asked, answer in answers:
        stubber.add_response(operation, answer, asked)
    if refused:
        stubber.add_client_error("describe_services", refused)
    stubber.activate()
    return client


def services(**newest: Any) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """One look at a service whose newest deployment is like this."""
    others = newest.pop("others", 0)
    more = newest.pop("more", [])
    first = {"status": "PRIMARY", "taskDefinition": DEPLOYED, "desiredCount": 2, "runningCount": 2, **newest}
    deployments = [first, *[{"status": "ACTIVE"}] * others, *more]
    asked = {"cluster": CLUSTER, "services": [CLUSTER]}
    service = {"status": "ACTIVE", "taskDefinition": DEPLOYED, "deployments": deployments}
    return "describe_services", asked, {"services": [service]}


def wait(*looks: tuple[str, dict[str, Any], dict[str, Any]]) -> list[str]:
    """What is said while waiting for these looks."""
    said: list[str] = []
    rollout.wait_until_stable(
        stubbed("ecs", *looks),
        cluster=CLUSTER,
        service=CLUSTER,
        task_definition=DEPLOYED,
        report=said.append,
        sleep=lambda _: None,
    )
    return said


def test_a_deployment_is_stable_when_it_is_complete_and_alone() -> None:
    """While the old tasks still run, it is not; what does not change is said once."""
    assert wait(
        services(rolloutState="IN_PROGRESS", runningCount=0),
        services(rolloutState="IN_PROGRESS", runningCount=1),
        services(rolloutState="IN_PROGRESS", runningCount=1),
        services(rolloutState="COMPLETED", others=1),
        services(rolloutState="COMPLETED"),
    ) == [
        f"{CLUSTER}: {what}" for what in ("0 of 2 run, in_progress", "1 of 2 run, in_progress", "2 of 2 run, completed")
    ]


def test_a_deployment_that_the_circuit_breaker_gave_up_is_a_failure() -> None:
    """With the reason that ECS gives."""
    failed = services(
        rolloutState="FAILED", rolloutStateReason="ECS deployment circuit breaker: tasks failed to start."
    )
    with pytest.raises(rollout.NotStableError, match="circuit breaker: tasks failed to start"):
        wait(failed)


@pytest.mark.parametrize("state", ["IN_PROGRESS", "COMPLETED"])
def test_what_the_circuit_breaker_took_back_is_no_success(state: str) -> None:
    """The service is stable then, too: on what it ran before. What is told is why the new tasks were given up."""
    reason = "ECS deployment circuit breaker: tasks failed to start."
    given_up = {"status": "ACTIVE", "taskDefinition": DEPLOYED, "rolloutState": "FAILED", "rolloutStateReason": reason}
    back = services(
        taskDefinition=f"{ARN}:task-definition/bot:6",
        rolloutState=state,
        rolloutStateReason="rolling back",
        more=[given_up] if state == "IN_PROGRESS" else [],
    )
    with pytest.raises(rollout.NotStableError) as failed:
        wait(services(rolloutState="IN_PROGRESS", runningCount=0), back)
    told = reason if state == "IN_PROGRESS" else "rolling back"
    assert str(failed.value) == f"{CLUSTER} does not run what was deployed, but bot:6: {told}"


def test_a_deployment_that_never_ends_is_a_failure() -> None:
    """After twenty minutes."""
    with pytest.raises(rollout.NotStableError, match="not stable after 20 minutes"):
        wait(*[services(rolloutState="IN_PROGRESS", runningCount=1)] * rollout.MAX_ATTEMPTS)


def test_what_runs_now_is_known_by_its_tag() -> None:
    """So that there is a way back."""
    definition = {
        "containerDefinitions": [{"name": "sidecar", "image": "x:1"}, {"name": "app", "image": "r/bot:abc123"}]
    }
    ecs = stubbed(
        "ecs",
        services(),
        (
            "describe_task_definition",
            {"taskDefinition": DEPLOYED},
            {"taskDefinition": definition},
        ),
    )
    assert rollout.image_tag(ecs, cluster=CLUSTER, service=CLUSTER, container="app") == "abc123"


def test_before_the_first_deployment_nothing_runs() -> None:
    """And there is nothing to go back to."""
    ecs = stubbed("ecs", ("describe_services", {"cluster": CLUSTER, "services": [CLUSTER]}, {"services": []}))
    assert rollout.image_tag(ecs, cluster=CLUSTER, service=CLUSTER, container="app") == ""


def test_before_the_cluster_nothing_runs() -> None:
    """The very first time; anything else that ECS refuses is no such answer, for it would leave no way back."""
    asked = {"cluster": CLUSTER, "service": CLUSTER, "container": "app"}
    forbidden = stubbed("ecs", refused="AccessDeniedException")

    assert rollout.image_tag(stubbed("ecs", refused="ClusterNotFoundException"), **asked) == ""
    with pytest.raises(forbidden.exceptions.AccessDeniedException):
        rollout.image_tag(forbidden, **asked)


def test_stopped_tasks_say_why() -> None:
    """Each in a line, with what became of its containers."""
    asked = {"cluster": CLUSTER, "serviceName": CLUSTER, "desiredStatus": "STOPPED"}
    task = {
        "taskArn": f"{ARN}:task/{CLUSTER}/9f",
        "stoppedReason": "Essential container in task exited",
        "containers": [{"name": "app", "exitCode": 2}, {"name": "other", "reason": "CannotPullContainerError"}],
    }
    ecs = stubbed(
        "ecs",
        ("list_tasks", asked, {"taskArns": [task["taskArn"]]}),
        ("describe_tasks", {"cluster": CLUSTER, "tasks": [task["taskArn"]]}, {"tasks": [task]}),
    )
    assert rollout.stop_reasons(ecs, cluster=CLUSTER, service=CLUSTER) == [
        "9f: Essential container in task exited; app exited 2; other: CannotPullContainerError"
    ]


@pytest.mark.parametrize(
    ("status", "shard", "tasks", "problems"),
    [
        ("available", "available", ["HEALTHY"], []),
        ("modifying", "modifying", ["HEALTHY"], []),
        ("create-failed", "available", ["HEALTHY"], ["the cache cache is create-failed"]),
        ("available", "creating", ["HEALTHY"], ["shard 0001 of the cache is creating"]),
        ("available", "available", ["UNHEALTHY"], ["the state's task is unhealthy"]),
        ("available", "available", [], ["the state has 0 running tasks, and must have one"]),
        ("available", "available", ["HEALTHY"] * 2, ["the state has 2 running tasks, and must have one"]),
    ],
)
def test_both_redises_must_be_well(status: str, shard: str, tasks: list[str], problems: list[str]) -> None:
    """The state by exactly one task: two writers on one file would be the end of it."""
    group = {"Status": status, "NodeGroups": [{"NodeGroupId": "0001", "Status": shard}]}
    elasticache = stubbed(
        "elasticache",
        ("describe_replication_groups", {"ReplicationGroupId": "cache"}, {"ReplicationGroups": [group]}),
    )
    arns = [f"{ARN}:task/{number}" for number in range(len(tasks))]
    looks: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
        (
            "list_tasks",
            {"cluster": CLUSTER, "serviceName": "state", "desiredStatus": "RUNNING"},
            {"taskArns": arns},
        )
    ]
    if tasks:
        told = {"tasks": [{"taskArn": arn, "healthStatus": health} for arn, health in zip(arns, tasks, strict=True)]}
        looks.append(("describe_tasks", {"cluster": CLUSTER, "tasks": arns}, told))
    found = redis.unhealthy(
        elasticache, stubbed("ecs", *looks), replication_group="cache", cluster=CLUSTER, state_service="state"
    )
    assert found == problems


def test_a_redis_has_time_to_become_well() -> None:
    """Five minutes; what is wrong meanwhile is told once."""
    said: list[str] = []
    looks = iter([["it starts"], ["it starts"], []])
    slept: list[float] = []

    assert redis.wait_until_healthy(lambda: next(looks), report=said.append, sleep=slept.append)
    assert said == ["it starts"]
    assert not redis.wait_until_healthy(lambda: ["it never starts"], report=said.append, sleep=slept.append)
    assert sum(slept[2:]) == 300


class Deployed(BaseHTTPRequestHandler):
    """A deployed bot: its health answers come one after the other, and what is posted to it is kept."""

    health: list[tuple[int, str]]
    posted: list[tuple[str, bytes]]

    def do_GET(self) -> None:
        """Answer the next health."""
        status, release = self.health.pop(0) if len(self.health) > 1 else self.health[0]
        self._answer(status, json.dumps({"status": "ok", "release": release}).encode())

    def do_POST(self) -> None:
        """Keep what Meta would have posted."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.posted.append((self.headers["X-Hub-Signature-256"], body))
        self._answer(200 if self.path == "/bot/webhook" else 404, b"")

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


@contextmanager
def deployed(*health: tuple[int, str]) -> Iterator[tuple[str, type[Deployed]]]:
    """A bot on this machine, at its address."""
    handler = type("Handler", (Deployed,), {"health": list(health), "posted": []})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", handler
        server.shutdown()
        thread.join()


def test_the_new_version_must_answer_several_times_in_a_row() -> None:
    """Behind a load balancer the old one may answer in between."""
    said: list[str] = []
    answers = [(503, "old"), (200, "old"), (200, "new"), (200, "old"), *[(200, "new")] * smoke.CONSECUTIVE_SUCCESSES]
    with deployed(*answers, (500, "never asked")) as (url, handler):
        smoke.wait_until_serving(url, "new", report=said.append, sleep=lambda _: None)
        assert handler.health == [(500, "never asked")]
    assert said[0].startswith("503 ")


def test_a_name_that_goes_on_serving_the_old_version_is_a_failure() -> None:
    """With what it said last."""
    with deployed((200, "old")) as (url, _), pytest.raises(smoke.NotServingError, match='"release": "old"'):
        smoke.wait_until_serving(url, "new", report=lambda _: None, sleep=lambda _: None)


def test_a_name_that_nobody_answers_is_a_failure() -> None:
    """Not a crash of the tool."""
    with pytest.raises(smoke.NotServingError, match="it says: 0 "):
        smoke.wait_until_serving("http://127.0.0.1:9", "new", report=lambda _: None, sleep=lambda _: None)


def test_the_test_number_speaks_as_meta_does() -> None:
    """Signed over the very bytes."""
    number = smoke.TestNumber("263770000000", "506914307656634", "215589313241560883", "app-secret")
    with deployed((200, "new")) as (url, handler):
        smoke.post_text_message(url, number, "help", wamid="wamid.deployment.1", timestamp_s=1_793_599_200)
    ((signature, body),) = handler.posted
    assert signature == "sha256=" + hmac.new(b"app-secret", body, hashlib.sha256).hexdigest()
    message = json.loads(body)["entry"][0]["changes"][0]["value"]["messages"][0]
    assert (message["from"], message["text"]["body"]) == ("263770000000", "help")


def turn(release: str) -> dict[str, Any]:
    """A turn in the log."""
    return {
        "logStreamName": "app/app/9f",
        "eventId": release,
        "timestamp": 10,
        "message": json.dumps({"event": "turn", "release": release}),
    }


@pytest.mark.parametrize(("releases", "took"), [(["old", "new"], True), (["old"], False), ([], False)])
def test_a_turn_counts_when_the_new_version_took_it(releases: list[str], took: bool) -> None:  # noqa: FBT001
    """The old one may have answered the test number meanwhile."""
    asked = {"logGroupName": "/ecs/bot", "startTime": 5, "filterPattern": '{ $.event = "turn" }'}
    client = stubbed("logs", *[("filter_log_events", asked, {"events": [turn(each) for each in releases]})] * 2)
    assert logs.turn_was_logged(client, "/ecs/bot", release="new", since_ms=5, attempts=2, sleep=lambda _: None) is took


def test_lines_that_come_are_told_once() -> None:
    """Also those that are found again because a late one might be among them."""
    said: list[str] = []

    def stop_after_two(_: float) -> None:
        if len(looked) == 1:
            raise KeyboardInterrupt
        looked.append(1)

    looked: list[int] = []
    asked = {"logGroupName": "/ecs/bot", "startTime": 5}
    client = stubbed(
        "logs",
        ("filter_log_events", asked, {"events": [turn("one")]}),
        ("filter_log_events", asked, {"events": [turn("one"), turn("two")]}),
    )
    with pytest.raises(KeyboardInterrupt):
        logs.follow(client, "/ecs/bot", since_ms=5, pattern="", report=said.append, sleep=stop_after_two)
    assert [json.loads(line)["release"] for line in said] == ["one", "two"]
