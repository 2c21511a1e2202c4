"""A real redis-server for the length of a test, on a free port of this machine alone."""

from __future__ import annotations

import signal
import socket
import subprocess
import tempfile
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

TRIES = 5
_READY = "Ready to accept connections"
_TAKEN = "Address already in use"


@dataclass(frozen=True, slots=True)
class RunningRedis:
    """A redis-server that runs until `stop` or `kill`."""

    url: str
    port: int
    process: subprocess.Popen[str]

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    def kill(self) -> None:
        """Ends it as a power cut would (SIGKILL)."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """Ends it in order (SIGTERM); does nothing when it has ended."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.wait()


@contextmanager
def redis_server(*args: str, port: int | None = None, directory: str | None = None) -> Iterator[RunningRedis]:
    """Runs redis-server with `args` (as on its command line), and stops it at the end.

    Args:
        args: For example `"--appendonly", "yes", "--appendfsync", "always"`. Without any, nothing is written to disk.
        port: To come back on the port of one that was killed; otherwise a free one.
        directory: Where its files are kept, to start again on them; otherwise a temporary one.

    Raises:
        RuntimeError: It ended instead of becoming ready; the message holds what it said.
    """
    with tempfile.TemporaryDirectory(prefix="redis-") as temporary:
        running = _started(args or ("--save", "", "--appendonly", "no"), port, directory or temporary)
        # Somebody must go on reading what it says: a full pipe would stop the server.
        drain = threading.Thread(target=lambda: list(running.process.stdout or ()), daemon=True)
        with running.process:
            drain.start()
            try:
                yield running
            finally:
                running.stop()
                drain.join()


def _started(args: Sequence[str], port: int | None, directory: str) -> RunningRedis:
    """One that is ready. Who asked for no port of its own gets another one when somebody takes the first meanwhile."""
    said: list[str] = []
    for _ in range(1 if port else TRIES):
        chosen = port or free_port()
        command = ["redis-server", "--bind", "127.0.0.1", "--port", str(chosen), "--dir", directory, *args]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        said = _said_until_ready(process)
        if _READY in said[-1]:
            return RunningRedis(url=f"redis://127.0.0.1:{chosen}", port=chosen, process=process)
        process.communicate()
        if not any(_TAKEN in line for line in said):
            break
    raise RuntimeError("redis-server did not become ready:\n" + "".join(said))


def _said_until_ready(process: subprocess.Popen[str]) -> list[str]:
    said = [""]
    for line in process.stdout or ():
        said.append(line)
        if _READY in line:
            break
    return said


def free_port() -> int:
    """A port of this machine that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
