"""The state Redis as it is started on AWS: one writer, verified TLS, and nothing lost but what was not promised.

The same script runs here, on loopback, against the redis-server of this machine.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from redis import Redis
from redis.exceptions import AuthenticationError, ResponseError
from redis.exceptions import ConnectionError as NotConnected

from tests.redis_server import free_port

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "cdktf" / "redis-state"
ENTRYPOINT = SCRIPTS / "entrypoint.sh"
READY = "Ready to accept connections"
MISSING = [name for name in ("redis-server", "redis-cli", "flock") if shutil.which(name) is None]

_spec = importlib.util.spec_from_file_location("credentials", SCRIPTS / "credentials.py")
assert _spec
assert _spec.loader
_credentials = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_credentials)


@pytest.fixture(autouse=True, scope="module")
def programs() -> None:
    """What the script calls is there, or the tests are skipped with a line that says so."""
    if MISSING:
        if os.environ.get("REQUIRE_PROGRAMS") == "1":
            pytest.fail(f"{', '.join(MISSING)} not installed, and REQUIRE_PROGRAMS=1 demands it")
        pytest.skip(f"{', '.join(MISSING)} not installed: the state Redis was not started")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a state Redis is: its files, its secrets, and the URL that clients are given."""

    data: Path
    run: Path
    port: int
    secrets: dict[str, str]

    @property
    def environment(self) -> dict[str, str]:
        """As the task is given it."""
        return {
            "PATH": os.environ["PATH"],
            "REDIS_DATA": str(self.data),
            "REDIS_RUN": str(self.run),
            "REDIS_PORT": str(self.port),
            "REDIS_BIND": "127.0.0.1",
            "REDIS_MAX_MEMORY": "16mb",
            "REDIS_PASSWORD": self.secrets["redis-state-password"],
            "REDIS_TLS_CERTIFICATE": self.secrets["redis-state-certificate"],
            "REDIS_TLS_KEY": self.secrets["redis-state-key"],
        }

    def client(self) -> Redis:
        """Of a member of the service: with the URL alone."""
        client: Redis = Redis.from_url(self.secrets["redis-state-url"], socket_timeout=60)
        return client


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A new one; its name is this machine's, which the certificate says."""
    for name in ("data", "run"):
        (tmp_path / name).mkdir()
    port = free_port()
    secrets = _credentials.credentials("localhost", port=port, now=datetime.now(UTC))
    return Place(tmp_path / "data", tmp_path / "run", port, secrets)


@contextmanager
def started(place: Place, **more: str) -> Iterator[subprocess.Popen[str]]:
    """The server, ready; ended by SIGTERM if it still runs.

    Raises:
        RuntimeError: it ended instead; with what it said.
    """
    process = subprocess.Popen(
        [str(ENTRYPOINT)],
        env={**place.environment, **more},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout
    said = []
    drain = threading.Thread(target=lambda: list(process.stdout or ()), daemon=True)
    try:
        for line in process.stdout:
            said.append(line)
            if READY in line:
                break
        else:
            raise RuntimeError(f"ended with {process.wait()}: {''.join(said)}")
        drain.start()
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait()
        if drain.ident:
            drain.join()
        process.stdout.close()


def second(place: Place, run: Path, wait_s: str) -> subprocess.CompletedProcess[str]:
    """Another task on the same files, with a port of its own."""
    run.mkdir()
    return subprocess.run(
        [str(ENTRYPOINT)],
        env={**place.environment, "REDIS_RUN": str(run), "REDIS_PORT": str(free_port()), "REDIS_LOCK_WAIT": wait_s},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_a_second_writer_is_not_started_while_the_first_runs(place: Place, tmp_path: Path) -> None:
    """Two tasks on one file system: the lock keeps the second from ever opening the append-only file."""
    with started(place):
        refused = second(place, tmp_path / "second", "0")

    assert refused.returncode == 75
    assert "was not started" in refused.stderr
    assert READY not in refused.stdout


def test_a_writer_that_was_killed_leaves_no_lock_behind(place: Place) -> None:
    """The lock is the process's: after SIGKILL the next one starts, and finds what was acknowledged."""
    with started(place) as process, place.client() as client:
        client.set("offer", "kept")
        process.kill()
        process.wait()
    with started(place), place.client() as client:
        assert client.get("offer") == b"kept"


def test_a_second_writer_takes_over_when_the_first_ends(place: Place, tmp_path: Path) -> None:
    """It waits for the lock, as long as it is told to, and then carries on with the same data."""
    run = tmp_path / "second"
    run.mkdir()
    with started(place) as first, place.client() as client:
        client.set("offer", "kept")
        waiting = subprocess.Popen(
            [str(ENTRYPOINT)],
            env={**place.environment, "REDIS_RUN": str(run), "REDIS_LOCK_WAIT": "300"},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert waiting.poll() is None
        first.send_signal(signal.SIGTERM)
        first.wait()
        assert waiting.stdout
        try:
            assert any(READY in line for line in waiting.stdout)
            with place.client() as again:
                assert again.get("offer") == b"kept"
        finally:
            waiting.send_signal(signal.SIGTERM)
            waiting.communicate()


def test_what_was_acknowledged_survives_a_torn_tail(place: Place) -> None:
    """The last command is cut in the middle, as by a power cut: all before it is there, and writing goes on."""
    with started(place) as process, place.client() as client:
        for number in range(100):
            client.rpush("inbox", f"message {number}")
        process.kill()
        process.wait()
    (log,) = (place.data / "appendonlydir").glob("*.incr.aof")
    whole = log.read_bytes()
    log.write_bytes(whole[:-7])

    with started(place), place.client() as client:
        assert client.lrange("inbox", 0, -1) == [f"message {number}".encode() for number in range(99)]
        client.rpush("inbox", "the next")
    with started(place), place.client() as client:
        assert client.lindex("inbox", -1) == b"the next"


def test_a_log_that_is_damaged_in_the_middle_is_not_guessed_at(place: Place) -> None:
    """That is no power cut: the server does not start, and somebody restores a backup."""
    with started(place), place.client() as client:
        for number in range(100):
            client.rpush("inbox", f"message {number}")
    (log,) = (place.data / "appendonlydir").glob("*.incr.aof")
    whole = bytearray(log.read_bytes())
    middle = whole.index(b"*3", len(whole) // 2)
    whole[middle : middle + 2] = b"@@"
    log.write_bytes(whole)

    with pytest.raises(RuntimeError, match="Bad file format"), started(place):
        pass


def test_each_write_is_on_disk_before_it_is_acknowledged_and_none_is_evicted(place: Place) -> None:
    """`appendfsync always`, `noeviction`, and no command with which that could be changed."""
    text = ""
    with started(place), place.client() as client:
        text = (place.run / "redis.conf").read_text("utf-8")
        memory = client.info("memory")
        with pytest.raises(ResponseError, match="unknown command"):
            client.config_set("appendfsync", "no")
        with pytest.raises(ResponseError, match="unknown command"):
            client.flushall()
        for number in range(100):
            client.set(f"key {number}", b"x" * 100_000)
        with pytest.raises(ResponseError, match="used memory > 'maxmemory'"):
            client.set("one more", b"x" * 10_000_000)
        assert client.get("key 0") == b"x" * 100_000

    assert "appendfsync always" in text.splitlines()
    assert memory["maxmemory_policy"] == "noeviction"


def test_nobody_gets_in_without_the_password(place: Place) -> None:
    """With the right authority, and a wrong word."""
    wrong = place.secrets["redis-state-url"].replace(place.secrets["redis-state-password"], "0" * 64)
    with started(place), Redis.from_url(wrong) as client, pytest.raises(AuthenticationError):
        client.ping()


def test_clients_verify_whom_they_speak_to(place: Place) -> None:
    """The certificate of another authority is refused, and one of the right authority under another name."""
    other = _credentials.credentials("localhost", port=place.port, now=datetime.now(UTC))["redis-state-url"]
    stranger = other.replace(urlsplit(other).password or "", place.secrets["redis-state-password"])
    address = place.secrets["redis-state-url"].replace("@localhost:", "@127.0.0.1:")
    with started(place):
        for url in (stranger, address):
            with Redis.from_url(url) as client, pytest.raises(NotConnected, match="CERTIFICATE_VERIFY_FAILED"):
                client.ping()
        with place.client() as client:
            assert client.ping()


def test_plain_connections_are_not_taken(place: Place) -> None:
    """There is only the port with TLS."""
    url = f"redis://:{place.secrets['redis-state-password']}@127.0.0.1:{place.port}/0"
    with started(place), Redis.from_url(url, socket_timeout=60) as client, pytest.raises(NotConnected):
        client.ping()


def test_the_url_says_that_certificates_are_verified(place: Place) -> None:
    """Whatever a client's defaults are."""
    query = parse_qs(urlsplit(place.secrets["redis-state-url"]).query)

    assert query["ssl_cert_reqs"] == ["required"]
    assert query["ssl_check_hostname"] == ["true"]
    assert query["ssl_ca_data"][0].startswith("-----BEGIN CERTIFICATE-----")


def test_the_health_check_says_how_it_is(place: Place) -> None:
    """Well while the server runs, and not after."""
    command = [str(SCRIPTS / "healthy.sh")]
    environment = {"PATH": os.environ["PATH"], "REDIS_RUN": str(place.run)}
    with started(place):
        well = subprocess.run(command, env=environment, check=False)
    ended = subprocess.run(command, env=environment, check=False, capture_output=True)

    assert well.returncode == 0
    assert ended.returncode != 0


@pytest.mark.parametrize("name", ["REDIS_PASSWORD", "REDIS_TLS_KEY", "REDIS_MAX_MEMORY"])
def test_nothing_is_started_with_something_missing(place: Place, name: str) -> None:
    """It says what is missing, and touches no file."""
    ended = subprocess.run(
        [str(ENTRYPOINT)], env={**place.environment, name: ""}, capture_output=True, text=True, check=False
    )

    assert ended.returncode == 2
    assert name in ended.stderr
    assert list(place.data.iterdir()) == []


def test_secrets_are_readable_by_nobody_else(place: Place) -> None:
    """Configuration and key are the server's own, and its environment does not hold them."""
    with started(place) as process:
        environment = Path(f"/proc/{process.pid}/environ").read_bytes()
        modes = {path.name: path.stat().st_mode & 0o777 for path in place.run.iterdir()}

    assert modes == {"server.crt": 0o600, "server.key": 0o600, "redis.conf": 0o600}
    assert place.secrets["redis-state-password"].encode() not in environment
    assert b"PRIVATE KEY" not in environment
