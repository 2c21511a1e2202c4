"""A program that plays a conversation in a copy of the project, and reads a stored record there.

Started with the copy as the working directory and on ``PYTHONPATH``; the conversation's path is its argument, and the
record is its standard input. The last line that it writes is a JSON object.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import msgspec

import service
from service.writes.pending_write import PendingWrites, encode
from simulator.playback.player import replay
from simulator.script.conversation import load
from simulator.world.world import World


def main(path: str, record: bytes) -> dict[str, object]:
    """What was shown, the requests that core got, and the record as it is written again."""
    worlds: list[World] = []
    transcript = replay(load(Path(path)), bend=worlds.append)
    pending = msgspec.json.decode(record, type=PendingWrites)
    return {
        "package": service.__file__,
        "shown": [moment.screen.body for moment in transcript.moments if moment.screen],
        "calls": [call.endpoint for call in worlds[0].core.calls],
        "states": [credex.state for credex in worlds[0].core.credexes()],
        "record": json.loads(encode(pending) or b"null"),
    }


if __name__ == "__main__":
    sys.stdout.write(f"\n{json.dumps(main(sys.argv[1], sys.stdin.buffer.read()))}\n")
