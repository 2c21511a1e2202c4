"""Programs that run beside the simulator, each a process of its own on this machine alone: the bot, and Redis."""

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
"""How the state Redis is deployed: what it has acknowledged is on disk, and nothing is thrown away."""


class ProgramError(SimulatorError):
    """A program did not start or has ended; nothing else was touched. The text holds what it said last."""


class Program:
    """A child process, and what it writes, in a file."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        """Take charge of a process that has just been started."""
        self.port = port
        self.log = log
        self._process = process

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def ended(self) -> bool:
        """Whether it has ended."""
        return self._process.poll() is not None

    @property
    def exit_code(self) -> int | None:
        """Its exit code; None while it runs."""
        return self._process.poll()

    def kill(self) -> None:
        """End it as a power cut would (SIGKILL)."""
        self._process.kill()
        self._process.wait()

    def terminate(self) -> None:
        """Ask it to end in order (SIGTERM), and do not wait."""
        self._process.send_signal(signal.SIGTERM)

    def end(self) -> None:
        """End it in order or, when that takes too long, anyhow; does nothing when it has ended."""
        if not self.ended:
            self.terminate()
        try:
            self._process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def said(self, *, last: int = 2_000) -> str:
        """The end of what it has written."""
        return self.log.read_text("utf-8", "replace")[-last:]

    def truncate_log(self, most: int) -> None:
        """Throw away the older half of its log when that holds more than so many bytes."""
        # It appends, so what it writes next stands behind whatever is left.
        if self.log.stat().st_size > most:
            with self.log.open("r+b") as log:
                log.seek(-most // 2, os.SEEK_END)
                newest = log.read()
                log.seek(0)
                log.write(newest)
                log.truncate()


def free_port() -> int:
    """A port of 127.0.0.1 that nobody uses at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def bot(environment: Mapping[str, str], *, port: int, log: Path, module: str = "service") -> Program:
    """Start ``python -m service`` on a port of 127.0.0.1. Whether it is ready, ``/health/`` tells.

    It sees none of this process's environment, so that no setting and no ``.env`` of a developer's leads it elsewhere.
    ``module`` is started in its place, when a variation of the service is to be tried.
    """
    told = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "PORT": str(port)}
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603 - no input of anybody's in it
            [sys.executable, "-m", module],
            env={**told, **environment},
            cwd=log.parent,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    return Program(process, port, log)


def have_redis_server() -> bool:
    """Whether there is a redis-server to start."""
    return shutil.which("redis-server") is not None


@contextmanager
def redis_server(*options: str) -> Iterator[Program]:
    """Run a redis-server with nothing in it, for the length of the block; its files go with it.

    Args:
        options: as on its command line, such as `STATE_OPTIONS`. Without any, nothing is written to disk.

    Raises:
        ProgramError: it is not installed, or does not start.
    """
    with tempfile.TemporaryDirectory(prefix="vimbisopay-redis-") as folder:
        program = start_redis(Path(folder), *options)
        try:
            yield program
        finally:
            program.end()


def start_redis(folder: Path, *options: str, port: int | None = None) -> Program:
    """Start a redis-server on what its files in a folder hold, and wait until it answers; whoever starts it ends it.

    Args:
        folder: of its files and its log.
        options: as on its command line, such as `STATE_OPTIONS`. Without any, nothing is written to disk.
        port: to come back on the port of one that was killed; otherwise a free one.

    Raises:
        ProgramError: it is not installed, or does not start.
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
        process = subprocess.Popen(  # noqa: S603 - no input of anybody's in it
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
    raise ProgramError(f"redis-server did not become ready:\n{program.said()}")
