"""One log line and the metrics of each turn."""

from collections.abc import Callable

import structlog

from service.observability import metrics
from service.observability.emf import EmfWriter
from service.runtime.inbox_worker import Finished

log = structlog.get_logger(__name__)


class TurnReporter:
    """Reports finished turns, without texts, names or numbers."""

    def __init__(self, metric_writer: EmfWriter, pseudonym: Callable[[str], str]) -> None:
        """`pseudonym` names a member or a message in logs."""
        self._metrics = metric_writer
        self._pseudonym = pseudonym

    def report(self, turn: Finished) -> None:
        self._metrics.count(metrics.TURNS)
        if turn.reply_ms is not None:
            self._metrics.value(metrics.REPLY_MS, turn.reply_ms)
        log.info(
            "turn",
            member=self._pseudonym(turn.member),
            message=self._pseudonym(turn.wamid) if turn.wamid else None,
            kind=turn.event,
            flow=turn.flow,
            step=turn.step,
            walked=[transition.exit for transition in turn.transitions],
            messages=turn.messages,
            calls=turn.calls,
            ms=turn.ms,
            reply_ms=turn.reply_ms,
        )
