"""The command `soak`: what it refuses, what it needs, and that it leaves nothing behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner

from simulator.cli.main import main
from simulator.processes.soak.stack import eventually
from tests.system import need

ROOT = Path(__file__).parent.parent.parent


async def test_told_to_stop_in_the_middle_it_ends_every_process_it_started(tmp_path: Path) -> None:
    """SIGTERM: no process is left behind, no folder, and it says that nothing was judged."""
    need("redis-server")
    command = [sys.executable, "-m", "simulator", "soak", "--seconds", "60", "--members", "4", "--no-color"]
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    children = await children_of(process.pid, at_least=4)
    process.send_signal(signal.SIGTERM)
    _, said = await process.communicate()

    assert process.returncode == 1
    assert "told to stop; all processes have ended" in said.decode()
    assert "Traceback" not in said.decode()
    assert [child for child in children if (Path("/proc") / str(child)).exists()] == []
    assert [path.name for path in sorted(tmp_path.rglob("*"))] == []  # noqa: ASYNC240 - nobody else waits


async def children_of(pid: int, *, at_least: int) -> list[int]:
    """The processes that a process has started, once there are so many."""
    found: list[int] = []

    async def enough() -> bool:
        try:
            listed = (Path("/proc") / str(pid) / "task" / str(pid) / "children").read_text("utf-8")
        except FileNotFoundError:
            return False
        found[:] = [int(child) for child in listed.split()]
        return len(found) >= at_least

    await eventually(enough, f"it has started {at_least} processes", within_s=300)
    return found


def test_people_who_would_wait_too_long_are_refused_with_what_to_change() -> None:
    """After five minutes the bot lets a question go, so a soak of the idle would say nothing."""
    result = CliRunner().invoke(main, ["soak", "--members", "500", "--rate", "1"])

    assert result.exit_code == 2
    assert "Use fewer --members or a higher --rate" in result.output


def test_without_redis_server_it_says_what_to_install() -> None:
    """And starts nothing."""
    told = subprocess.run(
        [sys.executable, "-m", "simulator", "soak", "--no-color"],
        env={**os.environ, "PATH": ""},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert told.returncode == 1
    assert "redis-server is not installed" in told.stderr
    assert "Traceback" not in told.stderr
