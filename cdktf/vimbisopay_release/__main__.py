"""`python -m vimbisopay_release`: the steps of a deployment that Terraform does not know of."""

from __future__ import annotations

import argparse
import os
import secrets
import sys
import time
from collections.abc import Sequence
from typing import Any, Final

import boto3

from vimbisopay_infra.environment import ENVIRONMENTS, REGION, Environment
from vimbisopay_release import logs, redis, rollout, smoke

CONTAINER: Final = "web"
TURN_TRIES: Final = 40


def main(argv: Sequence[str] | None = None) -> int:
    """Do one step. 0: as it should be; 1: it is not, and the text says what is wrong."""
    arguments = _parser().parse_args(argv)
    environment = next(each for each in ENVIRONMENTS if each.name == arguments.environment)
    try:
        return int(arguments.step(environment, arguments) or 0)
    except (rollout.NotStableError, smoke.NotServingError) as error:
        _tell(str(error))
        return 1
    except KeyboardInterrupt:
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m vimbisopay_release", description=__doc__)
    steps = parser.add_subparsers(required=True, metavar="step")
    for name, step, told in (
        ("running", _running, "print the tag of the image that runs now (nothing before the first deployment)"),
        ("stable", _stable, "wait until the service's newest deployment is complete"),
        ("redis", _redis, "see that both Redises are well"),
        ("health", _health, "wait until the public name serves this release"),
        ("talk", _talk, "let the test number say 'help', and see the new release answer it"),
        ("post-mortem", _post_mortem, "print why tasks stopped, and what all containers logged"),
        ("logs", _logs, "print what the containers log, for a span of time or as it comes"),
    ):
        one = steps.add_parser(name, help=told, description=told)
        one.add_argument("environment", choices=[each.name for each in ENVIRONMENTS])
        one.set_defaults(step=step)
        if name in {"health", "talk"}:
            one.add_argument("--release", required=True, help="the tag of the image")
        if name in {"logs", "post-mortem"}:
            one.add_argument("--minutes", type=int, default=15, help="how far back (default: %(default)s)")
        if name == "logs":
            one.add_argument("--follow", action="store_true", help="go on with what comes, until Ctrl-C")
            one.add_argument("--filter", default="", help="a CloudWatch filter pattern, e.g. '{ $.level = \"error\" }'")
    return parser


def _running(environment: Environment, _: argparse.Namespace) -> None:
    tag = rollout.image_tag(_client("ecs"), cluster=environment.prefix, service=environment.prefix, container=CONTAINER)
    sys.stdout.write(f"{tag}\n")


def _stable(environment: Environment, _: argparse.Namespace) -> None:
    cluster, ecs = environment.prefix, _client("ecs")
    for service in (f"{cluster}-redis-state", cluster):
        rollout.until_stable(ecs, cluster=cluster, service=service, tell=_tell, sleep=time.sleep)


def _redis(environment: Environment, _: argparse.Namespace) -> int:
    problems = redis.unhealthy(
        _client("elasticache"),
        _client("ecs"),
        replication_group=f"{environment.prefix}-cache",
        cluster=environment.prefix,
        state_service=f"{environment.prefix}-redis-state",
    )
    for problem in problems:
        _tell(problem)
    return int(bool(problems))


def _health(environment: Environment, arguments: argparse.Namespace) -> None:
    smoke.until_served(f"https://{environment.domain}", arguments.release, tell=_tell, sleep=time.sleep)


def _talk(environment: Environment, arguments: argparse.Namespace) -> int:
    known = ("SMOKE_TEST_NUMBER", "WHATSAPP_PHONE_NUMBER_ID", "WHATSAPP_BUSINESS_ID", "WHATSAPP_APP_SECRET")
    given = [os.environ.get(name, "") for name in known]
    if not given[0]:
        _tell("No test number is configured (SMOKE_TEST_NUMBER): nobody talks to the new release.")
        return 0
    missing = [name for name, value in zip(known, given, strict=True) if not value]
    if missing:
        _tell(f"To talk as the test number these are needed, too: {', '.join(missing)}")
        return 1
    began_ms = time.time_ns() // 1_000_000
    wamid = f"wamid.deployment.{secrets.token_hex(8)}"
    smoke.say_help(f"https://{environment.domain}", smoke.TestNumber(*given), wamid=wamid, now_s=began_ms // 1000)
    took = logs.took_a_turn(
        _client("logs"),
        environment.log_group,
        release=arguments.release,
        since_ms=began_ms,
        tries=TURN_TRIES,
        sleep=time.sleep,
    )
    _tell(
        "The new release took the turn."
        if took
        else "The message was stored, but no turn of the new release is logged."
    )
    return int(not took)


def _post_mortem(environment: Environment, arguments: argparse.Namespace) -> None:
    cluster, ecs = environment.prefix, _client("ecs")
    since_ms = time.time_ns() // 1_000_000 - arguments.minutes * 60_000
    for service, group in (
        (cluster, environment.log_group),
        (f"{cluster}-redis-state", environment.state_log_group),
    ):
        _tell(f"-- {service}: stopped tasks")
        for line in rollout.why_stopped(ecs, cluster=cluster, service=service):
            _tell(line)
        _tell(f"-- {group}: the last {arguments.minutes} minutes")
        for line in logs.written(_client("logs"), group, since_ms=since_ms):
            _tell(line)


def _logs(environment: Environment, arguments: argparse.Namespace) -> None:
    since_ms = time.time_ns() // 1_000_000 - arguments.minutes * 60_000
    client = _client("logs")
    if arguments.follow:
        logs.follow(
            client, environment.log_group, since_ms=since_ms, pattern=arguments.filter, tell=_tell, sleep=time.sleep
        )
        return
    for line in logs.written(client, environment.log_group, since_ms=since_ms, pattern=arguments.filter):
        _tell(line)


def _client(service: str) -> Any:
    return boto3.client(service, region_name=REGION)


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
