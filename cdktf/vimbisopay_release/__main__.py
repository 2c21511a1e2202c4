"""`python -m vimbisopay_release`: the steps of a deployment outside Terraform."""

from __future__ import annotations

import argparse
import json
import os
import secrets
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import boto3

from vimbisopay_infra.environment import ENVIRONMENTS, REGION, Environment
from vimbisopay_release import logs, redis, rollout, smoke

WEB: Final = "web"
STATE: Final = "redis-state"
TEST_MESSAGES: Final = ("hi", "help")
"""The texts of the test number; the bot answers with the menu and with the help text."""
TURN_ATTEMPTS: Final = 40


def main(argv: Sequence[str] | None = None) -> int:
    """Run one step; returns 0 on success and 1 on failure, with the reason printed."""
    arguments = _parser().parse_args(argv)
    environment = next(each for each in ENVIRONMENTS if each.name == arguments.environment)
    try:
        return int(arguments.step(environment, arguments) or 0)
    except (rollout.NotStableError, smoke.NotServingError) as error:
        _print(str(error))
        return 1
    except KeyboardInterrupt:
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m vimbisopay_release", description=__doc__)
    steps = parser.add_subparsers(required=True, metavar="step")
    for name, step, help_text in (
        ("running", _running, "print the tags of the images that run now (empty before the first deployment)"),
        ("stable", _stable, "wait until both services run what was deployed"),
        ("redis", _redis, "wait until both Redises are healthy"),
        ("health", _health, "wait until the public name serves this release"),
        (
            "talk",
            _test_conversation,
            "post messages from the test number, and wait until the new release has handled them",
        ),
        ("post-mortem", _post_mortem, "print why tasks stopped, and the logs of all containers"),
        ("logs", _logs, "print the logs of the containers, for a period or continuously"),
    ):
        one = steps.add_parser(name, help=help_text, description=help_text)
        one.add_argument("environment", choices=[each.name for each in ENVIRONMENTS])
        one.set_defaults(step=step)
        if name in {"health", "talk"}:
            one.add_argument("--release", required=True, help="the tag of the image")
        if name == "stable":
            one.add_argument(
                "--outputs", required=True, type=Path, help="the file that `cdktf deploy --outputs-file` wrote"
            )
        if name in {"logs", "post-mortem"}:
            one.add_argument("--minutes", type=int, default=15, help="how far back (default: %(default)s)")
        if name == "logs":
            one.add_argument("--follow", action="store_true", help="print new lines until Ctrl-C")
            one.add_argument("--filter", default="", help="a CloudWatch filter pattern, e.g. '{ $.level = \"error\" }'")
            one.add_argument("--state", action="store_true", help="the logs of the state Redis instead of the service")
    return parser


def _running(environment: Environment, _: argparse.Namespace) -> None:
    ecs, cluster = _client("ecs"), environment.prefix
    for name, service, container in (("tag", cluster, WEB), ("state_tag", f"{cluster}-{STATE}", STATE)):
        tag = rollout.image_tag(ecs, cluster=cluster, service=service, container=container)
        sys.stdout.write(f"{name}={tag}\n")


def _stable(environment: Environment, arguments: argparse.Namespace) -> None:
    cluster, ecs = environment.prefix, _client("ecs")
    outputs = json.loads(arguments.outputs.read_text("utf-8"))[f"{environment.name}-application"]
    for service, output in ((f"{cluster}-{STATE}", "state_task_definition"), (cluster, "task_definition")):
        rollout.wait_until_stable(
            ecs, cluster=cluster, service=service, task_definition=outputs[output], report=_print, sleep=time.sleep
        )


def _redis(environment: Environment, _: argparse.Namespace) -> int:
    elasticache, ecs = _client("elasticache"), _client("ecs")

    def check() -> list[str]:
        return redis.unhealthy(
            elasticache,
            ecs,
            replication_group=f"{environment.prefix}-cache",
            cluster=environment.prefix,
            state_service=f"{environment.prefix}-{STATE}",
        )

    return int(not redis.wait_until_healthy(check, report=_print, sleep=time.sleep))


def _health(environment: Environment, arguments: argparse.Namespace) -> None:
    smoke.wait_until_serving(f"https://{environment.domain}", arguments.release, report=_print, sleep=time.sleep)


def _test_conversation(environment: Environment, arguments: argparse.Namespace) -> int:
    names = ("SMOKE_TEST_NUMBER", "WHATSAPP_PHONE_NUMBER_ID", "WHATSAPP_BUSINESS_ID", "WHATSAPP_APP_SECRET")
    values = [os.environ.get(name, "") for name in names]
    if not values[0]:
        _print("No test number is configured (SMOKE_TEST_NUMBER): the conversation test is skipped.")
        return 0
    missing = [name for name, value in zip(names, values, strict=True) if not value]
    if missing:
        _print(f"The conversation test also needs these variables: {', '.join(missing)}")
        return 1
    for text in TEST_MESSAGES:
        started_ms = time.time_ns() // 1_000_000
        wamid = f"wamid.deployment.{secrets.token_hex(8)}"
        smoke.post_text_message(
            f"https://{environment.domain}",
            smoke.TestNumber(*values),
            text,
            wamid=wamid,
            timestamp_s=started_ms // 1000,
        )
        logged = logs.turn_was_logged(
            _client("logs"),
            environment.log_group,
            release=arguments.release,
            since_ms=started_ms,
            attempts=TURN_ATTEMPTS,
            sleep=time.sleep,
        )
        if not logged:
            _print(f'"{text}" was stored, but no turn of the new release has been logged since.')
            return 1
        _print(f'"{text}" was stored, and the new release has logged a turn since.')
    return 0


def _post_mortem(environment: Environment, arguments: argparse.Namespace) -> None:
    cluster, ecs = environment.prefix, _client("ecs")
    since_ms = time.time_ns() // 1_000_000 - arguments.minutes * 60_000
    for service, group in (
        (cluster, environment.log_group),
        (f"{cluster}-{STATE}", environment.state_log_group),
    ):
        _print(f"-- {service}: stopped tasks")
        for line in rollout.stop_reasons(ecs, cluster=cluster, service=service):
            _print(line)
        _print(f"-- {group}: the last {arguments.minutes} minutes")
        for line in logs.log_lines(_client("logs"), group, since_ms=since_ms):
            _print(line)


def _logs(environment: Environment, arguments: argparse.Namespace) -> None:
    since_ms = time.time_ns() // 1_000_000 - arguments.minutes * 60_000
    client = _client("logs")
    group = environment.state_log_group if arguments.state else environment.log_group
    if arguments.follow:
        logs.follow(client, group, since_ms=since_ms, pattern=arguments.filter, report=_print, sleep=time.sleep)
        return
    for line in logs.log_lines(client, group, since_ms=since_ms, pattern=arguments.filter):
        _print(line)


def _client(service: str) -> Any:
    return boto3.client(service, region_name=REGION)


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
