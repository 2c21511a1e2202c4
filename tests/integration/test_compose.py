"""The image and the compose file, as far as they can be checked without a Docker daemon."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from service.settings import Settings, load
from tests.redis_server import redis_server
from tests.system import need

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
PROFILES = ("development", "production")


def run(*command: str, env: dict[str, str] | None = None) -> str:
    """What a program prints; it must find nothing wrong."""
    done = subprocess.run(
        [str(BIN / command[0]), *command[1:]],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **(env or {})},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (done.returncode, done.stdout + done.stderr if done.returncode else "") == (0, "")
    return done.stdout


@cache
def services(profile: str) -> dict[str, Any]:
    """The services of a profile, as Compose itself understands the file."""
    told = json.loads(run("docker-compose", "--profile", profile, "config", "--format", "json"))
    found: dict[str, Any] = told["services"]
    return found


@pytest.mark.parametrize("path", ["Dockerfile", "cdktf/redis-state/Dockerfile"])
def test_hadolint_finds_nothing_in_the_dockerfiles(path: str) -> None:
    """Neither in their steps nor in their shell."""
    assert run("hadolint", path) == ""


def test_the_compose_file_is_valid_by_its_schema() -> None:
    """By the schema of the Compose specification, beside Compose's own reading of it."""
    run("check-jsonschema", "--builtin-schema", "vendor.compose-spec", "docker-compose.yml")


@pytest.mark.parametrize("stage", ["production", "simulator"])
def test_the_images_run_as_nobody_special_and_are_watched(stage: str) -> None:
    """A user without rights, a health check, and no shell form that would swallow SIGTERM."""
    text = (ROOT / "Dockerfile").read_text("utf-8")
    body = text.split(f" AS {stage}\n", 1)[1].split("\nFROM ", 1)[0]
    assert "USER 10001:10001" in body
    assert re.search(r"^HEALTHCHECK ", body, re.MULTILINE)
    assert re.search(r'^CMD \["python", "-m", ', body, re.MULTILINE)


def test_the_image_of_production_holds_no_simulator() -> None:
    """What stands in for Meta in development has no business in production."""
    text = (ROOT / "Dockerfile").read_text("utf-8")
    assert "simulator" not in text.split(" AS production\n", 1)[1]


@pytest.mark.parametrize("profile", PROFILES)
def test_everything_listens_on_this_machine_alone(profile: str) -> None:
    """Ports of a developer's machine are not for its network."""
    published = [port for service in services(profile).values() for port in service.get("ports", [])]
    assert {port["host_ip"] for port in published} == {"127.0.0.1"}


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        ("development", {"app": "8000", "simulator": "8001", "redis-cache": "6379", "redis-state": "6380"}),
        ("production", {"app-production": "8000", "redis-cache": "6379", "redis-state": "6380"}),
    ],
)
def test_each_profile_has_its_services_on_their_ports(profile: str, expected: dict[str, str]) -> None:
    """The bot on 8000, the simulator on 8001, cache on 6379, state on 6380."""
    assert {name: service["ports"][0]["published"] for name, service in services(profile).items()} == expected


@pytest.mark.parametrize("profile", PROFILES)
def test_every_container_is_bounded_and_has_no_rights(profile: str) -> None:
    """Memory limited, file system read-only, capabilities dropped."""
    careless = [
        name
        for name, service in services(profile).items()
        if not (service["read_only"] and service["cap_drop"] == ["ALL"] and int(service["mem_limit"]) > 0)
    ]
    assert careless == []


@pytest.mark.parametrize("profile", PROFILES)
def test_the_state_keeps_what_it_acknowledged_and_the_cache_may_forget(profile: str) -> None:
    """Append-only file flushed at every write, never evicting; and a cache on no disk that evicts."""
    state, cached = (" ".join(services(profile)[name]["command"]) for name in ("redis-state", "redis-cache"))
    assert "--appendonly yes --appendfsync always" in state
    assert "--maxmemory-policy noeviction" in state
    assert "--appendonly no" in cached
    assert "--maxmemory-policy allkeys-lru" in cached


@pytest.mark.parametrize("profile", PROFILES)
def test_no_redis_may_grow_beyond_its_container(profile: str) -> None:
    """The cache may fill its memory; the state needs as much again while its file is rewritten."""
    found = services(profile)
    for name, share in (("redis-cache", 1.5), ("redis-state", 2)):
        command = found[name]["command"]
        most = int(command[command.index("--maxmemory") + 1].removesuffix("mb")) * 1024 * 1024
        assert int(found[name]["mem_limit"]) >= share * most


def test_the_bot_in_development_starts_with_what_compose_tells_it() -> None:
    """Its settings are accepted, and point at the simulator and the two Redises."""
    environment = {key: str(value) for key, value in services("development")["app"]["environment"].items()}
    settings = load(environment, env_file=None)
    assert settings.mycredex_app_url == "http://simulator:8001/v1/"
    assert settings.redis_state_url.endswith("@redis-state:6380/0")


@pytest.mark.parametrize(("password", "given", "well"), [("", "", True), ("word", "word", True), ("word", "", False)])
def test_a_redis_is_well_when_it_answers(password: str, given: str, well: bool) -> None:  # noqa: FBT001
    """With a password and without one; and a refusal is no answer."""
    need("redis-server", "redis-cli")
    kind, command = services("development")["redis-cache"]["healthcheck"]["test"]
    assert kind == "CMD-SHELL"
    with redis_server("--save", "", "--requirepass", password) as server:
        done = subprocess.run(
            ["sh", "-c", command.replace("$$", "$").replace("6379", str(server.port))],
            env={"PATH": os.environ["PATH"], "REDISCLI_AUTH": given},
            capture_output=True,
            text=True,
            check=False,
        )
    assert (done.returncode == 0, done.stderr) == (well, "")


def test_a_saved_source_reaches_a_container_that_cannot_be_written() -> None:
    """It is mounted, and only the process is started anew: Docker refuses to copy into a read-only file system."""
    watched = 0
    for service in services("development").values():
        mounted = {each["source"] for each in service.get("volumes", []) if each.get("read_only")}
        for rule in service.get("develop", {}).get("watch", []):
            watched += 1
            assert rule["action"] == "rebuild" or (rule["action"] == "restart" and rule["path"] in mounted)
    assert watched == 4


def test_an_env_file_does_not_rename_the_release() -> None:
    """What was built is what is shown, whatever a copy of .env.example calls it."""
    for profile, name in (("development", "app"), ("production", "app-production")):
        assert services(profile)[name]["environment"]["RELEASE"] == "local"


def test_the_bot_in_production_refuses_to_start_without_its_secrets() -> None:
    """Compose alone makes no production: what is missing is listed."""
    environment = {key: str(value) for key, value in services("production")["app-production"]["environment"].items()}
    with pytest.raises(ValueError, match="WHATSAPP_APP_SECRET: is needed in production"):
        load(environment, env_file=None)


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_the_bot_on_aws_starts_with_what_its_task_tells_it(environment: str) -> None:
    """Every variable that production demands is in the task definition, and none that the service does not know."""
    stack = json.loads((ROOT / f"snapshots/infrastructure/{environment}-application.json").read_text("utf-8"))
    tasks = stack["resource"]["aws_ecs_task_definition"].values()
    (web,) = [one for task in tasks for one in task["container_definitions"] if one["name"] == "web"]
    inputs = {
        "mycredex_app_url": "https://core.example/v1/",
        "whatsapp_phone_number_id": "123456789012345",
        "whatsapp_business_id": "223456789012345",
    }
    inputs |= {name: each["default"] for name, each in stack["variable"].items() if "default" in each}
    secrets = {"REDIS_URL": "rediss+cluster://:word@cache:6379/0", "REDIS_STATE_URL": "rediss://:word@state:6380/0"}
    given = {
        each["name"]: re.sub(r"\$\{var\.(\w+)\}", lambda found: inputs[found[1]], each["value"])
        for each in web["environment"]
    }
    given |= {each["name"]: secrets.get(each["name"], "0123456789abcdef") for each in web["secrets"]}

    settings = load(given, env_file=None)
    assert (settings.production, settings.environment, settings.host) == (True, environment, "0.0.0.0")  # noqa: S104
    assert set(given) <= {name.upper() for name in Settings.model_fields}


@pytest.mark.parametrize("name", ["app", "app-production"])
def test_the_bot_has_the_time_it_needs_to_end_in_order(name: str) -> None:
    """It takes up to 25 seconds after SIGTERM; then Docker kills it."""
    profile = "development" if name == "app" else "production"
    assert services(profile)[name]["stop_grace_period"] == "30s"
