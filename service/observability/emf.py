"""Sums metrics and writes them as lines that CloudWatch reads (the embedded metric format).

One line is one JSON object: the values by name, and under ``_aws`` which of them are metrics, of what unit and by which
dimensions. Source: AWS, "Specification: Embedded metric format" (2026): at most 100 metrics a line and 100 values each.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from service.observability.metrics import ENVIRONMENT, NAMESPACE, Metric

_MOST_VALUES: Final = 100


class EmfWriter:
    """Collects counts and values of one process until they are published.

    Args:
        environment: the deployment's name, the first dimension of all metrics.
        write: takes each line, without its end; None collects nothing.
    """

    def __init__(self, environment: str, write: Callable[[str], None] | None) -> None:
        self._environment = environment
        self._write = write
        self._counts: Counter[tuple[Metric, str]] = Counter()
        self._values: defaultdict[Metric, list[float]] = defaultdict(list)

    def count(self, metric: Metric, times: int = 1, of: str = "") -> None:
        """Adds to a count; ``of`` is the value of the metric's own dimension, if it has one.

        Raises:
            ValueError: a dimension is missing, or there is none.
        """
        if bool(of) != bool(metric.dimensions):
            raise ValueError(f"{metric.name} has the dimensions {metric.dimensions}, not {of!r}")
        if self._write is not None:
            self._counts[metric, of] += times

    def value(self, metric: Metric, value: float) -> None:
        if self._write is not None:
            self._values[metric].append(value)

    def publish(self, now_ms: int) -> None:
        """Writes everything collected, and starts empty again."""
        counts, self._counts = self._counts, Counter()
        values, self._values = self._values, defaultdict(list)
        plain = {metric: [float(count)] for (metric, of), count in counts.items() if not of} | dict(values)
        for start in range(0, max((len(each) for each in plain.values()), default=0), _MOST_VALUES):
            part = {metric: each[start : start + _MOST_VALUES] for metric, each in plain.items()}
            self._line(now_ms, {metric: each for metric, each in part.items() if each}, {})
        for (metric, of), count in counts.items():
            if of:
                self._line(now_ms, {metric: [count]}, {metric.dimensions[0]: of})

    def _line(self, now_ms: int, values: Mapping[Metric, list[float]], own: Mapping[str, str]) -> None:
        dimensions = [[ENVIRONMENT], *([[ENVIRONMENT, *own]] if own else [])]
        named = [{"Name": metric.name, "Unit": metric.unit} for metric in values]
        about = {"Namespace": NAMESPACE, "Dimensions": dimensions, "Metrics": named}
        line: dict[str, Any] = {"_aws": {"Timestamp": now_ms, "CloudWatchMetrics": [about]}}
        line |= {ENVIRONMENT: self._environment, **own}
        line |= {metric.name: each[0] if len(each) == 1 else each for metric, each in values.items()}
        if self._write is not None:
            self._write(msgspec.json.encode(line).decode())
