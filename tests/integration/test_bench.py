"""`python -m simulator bench` measures what it can, and says what it could not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def test_without_redis_server_replay_is_measured_and_the_rest_is_said_to_be_missing() -> None:
    """A developer without the program still learns the speed of replay, and how to get the other figures."""
    measured = subprocess.run(
        [sys.executable, "-m", "simulator", "bench", "--seconds", "1", "--no-color"],
        env={**os.environ, "PATH": ""},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert measured.returncode == 1
    assert "replayed turns a second" in measured.stdout
    assert "webhooks a second" not in measured.stdout
    assert "redis-server is not installed" in measured.stderr
    assert "Traceback" not in measured.stderr
