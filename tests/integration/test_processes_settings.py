"""A process that is configured wrongly says all that is wrong, and does not start; how long it takes to end."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from service.__main__ import FINISH_REQUESTS_S
from service.app import STOP_WITHIN_S
from simulator.processes.programs import free_port

ROOT = Path(__file__).parent.parent.parent
WITHIN_S = 300

WRONG = {
    "DJANGO_ENV": "production",
    "DJANGO_SECRET": "brief-secret",
    "DEBUG": "perhaps",
    "PORT": "99999",
    "REDIS_URL": "http://:redis-password@cache:6379",
    "REDIS_STATE_URL": "embedded://",
    "MYCREDEX_APP_URL": "core.example/v1/",
    "CLIENT_API_KEY": "brief-key",
    "WHATSAPP_API_URL": "https://graph.facebook.com/",
    "WHATSAPP_PHONE_NUMBER_ID": "+263 77 123",
    "WHATSAPP_APP_SECRET": "brief-app",
    "WHATSAPP_VERIFY_TOKEN": "brief-word",
    "USE_PROGRESSIVE_FLOW": "False",
}
SECRETS = ("brief-secret", "redis-password", "brief-key", "brief-app", "brief-word", "development-")


def run_service(folder: Path, environment: dict[str, str], *command: str) -> subprocess.CompletedProcess[str]:
    """`python -m service` with this environment alone, away from any `.env`."""
    return subprocess.run(
        [sys.executable, "-m", "service", *command],
        env={"PYTHONPATH": str(ROOT), **environment},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """What becomes of a process with everything wrong."""
    return run_service(tmp_path_factory.mktemp("wrong"), WRONG)


def test_a_wrong_configuration_ends_the_process_with_2(refused: subprocess.CompletedProcess[str]) -> None:
    """2, so that a supervisor can tell it from a crash; nothing on standard output, where the log goes."""
    assert (refused.returncode, refused.stdout) == (2, "")


def test_every_problem_is_listed_at_once_by_the_name_of_its_variable(
    refused: subprocess.CompletedProcess[str],
) -> None:
    """Problems of single variables and those between variables stand in one list, and the first line counts them."""
    lines = [line.removeprefix("  - ") for line in refused.stderr.splitlines() if line.startswith("  - ")]
    listed = [line.split(":")[0] for line in lines]
    wrong = {*WRONG, "WHATSAPP_REGISTRATION_FLOW_ID"} - {"DJANGO_ENV", "USE_PROGRESSIVE_FLOW"}
    assert sorted(wrong - set(listed)) == []
    assert len(listed) == len(set(listed))
    assert refused.stderr.startswith(f"The configuration has {len(listed)} problems")


def test_who_looks_for_dead_letters_in_a_redis_of_another_process_is_told_so(tmp_path: Path) -> None:
    """An empty one of one's own would say that there are none."""
    done = run_service(tmp_path, {}, "dead", "list")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("REDIS_STATE_URL is embedded://")


def test_no_secret_is_printed(refused: subprocess.CompletedProcess[str]) -> None:
    """Not even part of a wrong one: what is printed ends up in logs."""
    assert [secret for secret in SECRETS if secret in refused.stderr] == []


def test_nothing_of_a_traceback_is_shown(refused: subprocess.CompletedProcess[str]) -> None:
    """An operator reads what to do, not where the program noticed."""
    assert "Traceback" not in refused.stderr
    assert refused.stderr.endswith(".env.example explains each.\n")


def test_a_process_says_where_it_listens_and_that_it_has_ended(tmp_path: Path) -> None:
    """Whoever starts it sees that it runs, and in which order it ends when it is told to."""
    port = free_port()
    with subprocess.Popen(
        [sys.executable, "-m", "service"],
        env={"PYTHONPATH": str(ROOT), "PORT": str(port)},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        watchdog = threading.Timer(WITHIN_S, process.kill)
        watchdog.start()
        assert process.stdout is not None
        said = [json.loads(process.stdout.readline())]
        process.send_signal(signal.SIGTERM)
        said += [json.loads(line) for line in process.stdout]
        code = process.wait()
        watchdog.cancel()
    assert [(line["event"], line.get("address")) for line in said] == [
        ("started", f"http://127.0.0.1:{port}"),
        ("ended", None),
    ]
    assert code == 0


def test_what_a_process_takes_for_itself_when_told_to_stop_is_less_than_it_is_given() -> None:
    """Open requests and what is claimed have their time, one after the other; Docker and AWS kill it after 30 s."""
    assert FINISH_REQUESTS_S + STOP_WITHIN_S <= 25
