"""Child processes on this machine: the bot, and redis-server."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import redis

from simulator.errors import SimulatorError

__all__ = (
    "STATE_OPTIONS",
    "Program",
    "ProgramError",
    "bot",
    "free_port",
    "have_redis_server",
    "redis_server",
    "start_redis",
)

ROOT: Final = Path(__file__).parents[2]
STOP_WITHIN_S: Final = 30
READY_WITHIN_S: Final = 120

STATE_OPTIONS: Final = ("--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction")
"""The options of the deployed state Redis: acknowledged writes are on disk, and nothing is evicted."""


class ProgramError(SimulatorError):
    """A program did not start or has ended; the message has the end of its output."""


class Program:
    """A child process, its port, and the file with its output."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        """Wrap a process that has just been started."""
        self.port = port
        self.log = log
        self._process = process

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def ended(self) -> bool:
        """Whether it has ended."""
        return self._process.poll() is not None

    @property
    def exit_code(self) -> int | None:
        """The exit code; None while it runs."""
        return self._process.poll()

    def kill(self) -> None:
        """Send SIGKILL, and wait for the end."""
        self._process.kill()
        self._process.wait()

    def terminate(self) -> None:
        """Send SIGTERM, and do not wait."""
        self._process.send_signal(signal.SIGTERM)

    def stop(self) -> None:
        """Terminate it, and kill it if that takes too long; does nothing if it has ended."""
        if not self.ended:
            self.terminate()
        try:
            self._process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def log_tail(self, *, last: int = 2_000) -> str:
        """The last characters of its output."""
        return self.log.read_text("utf-8", "replace")[-last:]

    def truncate_log(self, max_bytes: int) -> None:
        """Delete the older half of the log if it has more than so many bytes."""
        # The process appends, so its next output follows the rest.
        if self.log.stat().st_size > max_bytes:
            with self.log.open("r+b") as log:
                log.seek(-max_bytes // 2, os.SEEK_END)
                newest = log.read()
                log.seek(0)
                log.write(newest)
                log.truncate()


def free_port() -> int:
    """A port of 127.0.0.1 that is free at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def bot(environment: Mapping[str, str], *, port: int, log: Path, module: str = "service") -> Program:
    """Start ``python -m service`` on a port of 127.0.0.1; ``/health/`` shows when it is ready.

    It inherits no environment and no ``.env``, so that a developer's settings have no effect. ``module`` is run instead
    of the service, for variations of it.
    """
    base = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "PORT": str(port)}
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603 - no user input
            [sys.executable, "-m", module],
            env={**base, **environment},
            cwd=log.parent,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    return Program(process, port, log)


def have_redis_server() -> bool:
    """Whether redis-server is installed."""
    return shutil.which("redis-server") is not None


@contextmanager
def redis_server(*options: str) -> Iterator[Program]:
    """Run an empty redis-server for the block; its files are deleted afterwards.

    Args:
        options: for its command line, such as `STATE_OPTIONS`; without any, nothing is written to disk.

    Raises:
        ProgramError: it is not installed or does not start.
    """
    with tempfile.TemporaryDirectory(prefix="vimbisopay-redis-") as folder:
        program = start_redis(Path(folder), *options)
        try:
            yield program
        finally:
            program.stop()


def start_redis(folder: Path, *options: str, port: int | None = None) -> Program:
    """Start a redis-server with the files in a folder, and wait until it answers. The caller stops it.

    Args:
        folder: of its data files and its log.
        options: for its command line, such as `STATE_OPTIONS`; without any, nothing is written to disk.
        port: the port of a killed one to restart; by default a free port.

    Raises:
        ProgramError: it is not installed or does not start.
    """
    if not have_redis_server():
        raise ProgramError(
            "redis-server is not installed, and this needs a real one. Install it (Debian and Ubuntu: "
            "apt-get install redis-server; macOS: brew install redis) and try again. Nothing was started."
        )
    port = port or free_port()
    log = folder / "redis.log"
    command = ["redis-server", "--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder), "--save", ""]
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603 - no user input
            [*command, *(options or ("--appendonly", "no"))], stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    program = Program(process, port, log)
    try:
        _await_redis(program)
    except BaseException:
        program.kill()
        raise
    return program


def _await_redis(program: Program) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    with redis.Redis(port=program.port, socket_timeout=1) as client:
        while not program.ended and time.monotonic() < deadline:
            try:
                client.ping()
            except redis.RedisError:
                time.sleep(0.02)
            else:
                return
    raise ProgramError(f"redis-server did not become ready:\n{program.log_tail()}")
