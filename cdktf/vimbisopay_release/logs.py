"""CloudWatch Logs: the output of the containers, for a period or continuously, and the detection of a turn."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, Final

__all__ = ("follow", "log_lines", "turn_was_logged")

PAUSE_S: Final = 3.0


def log_lines(logs: Any, group: str, *, since_ms: int, until_ms: int | None = None, pattern: str = "") -> Iterator[str]:
    """The lines of all containers, oldest first, each with the name of its stream."""
    request: dict[str, Any] = {"logGroupName": group, "startTime": since_ms}
    request |= {"endTime": until_ms} if until_ms is not None else {}
    request |= {"filterPattern": pattern} if pattern else {}
    for page in logs.get_paginator("filter_log_events").paginate(**request):
        for event in page["events"]:
            yield f"{event['logStreamName'].rpartition('/')[0]}  {event['message'].rstrip()}"


def follow(
    logs: Any, group: str, *, since_ms: int, pattern: str, report: Callable[[str], None], sleep: Callable[[float], None]
) -> None:
    """Report new lines, each once, until interrupted."""
    seen: dict[str, int] = {}
    while True:
        request: dict[str, Any] = {"logGroupName": group, "startTime": since_ms}
        request |= {"filterPattern": pattern} if pattern else {}
        for page in logs.get_paginator("filter_log_events").paginate(**request):
            for event in page["events"]:
                if event["eventId"] not in seen:
                    seen[event["eventId"]] = event["timestamp"]
                    report(event["message"].rstrip())
        # CloudWatch delivers some events late: the last minute is read again, and its event ids are remembered.
        since_ms = max([since_ms, *(at_ms - 60_000 for at_ms in seen.values())])
        seen = {event_id: at_ms for event_id, at_ms in seen.items() if at_ms >= since_ms}
        sleep(PAUSE_S)


def turn_was_logged(
    logs: Any, group: str, *, release: str, since_ms: int, attempts: int, sleep: Callable[[float], None]
) -> bool:
    """Whether this release has logged a turn since then."""
    for _ in range(attempts):
        for line in log_lines(logs, group, since_ms=since_ms, pattern='{ $.event = "turn" }'):
            if json.loads(line.partition("  ")[2]).get("release") == release:
                return True
        sleep(PAUSE_S)
    return False
