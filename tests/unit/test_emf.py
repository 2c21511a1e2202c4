"""Metrics are lines of CloudWatch's embedded metric format, and say what was collected, once."""

from __future__ import annotations

import json
from typing import Any

import pytest

from service.observability import metrics
from service.observability.emf import EmfWriter

NOW = 1_793_599_200_000


def published(meter: EmfWriter, lines: list[str]) -> list[dict[str, Any]]:
    """What is written when the meter publishes."""
    lines.clear()
    meter.publish(NOW)
    return [json.loads(line) for line in lines]


def test_a_line_names_values_units_and_dimensions() -> None:
    """As the specification of the format asks for it."""
    lines: list[str] = []
    meter = EmfWriter("staging", lines.append)
    meter.count(metrics.MESSAGES_RECEIVED, 2)
    meter.count(metrics.MESSAGES_RECEIVED)
    meter.value(metrics.REPLY_MS, 410)
    meter.value(metrics.REPLY_MS, 95)
    assert published(meter, lines) == [
        {
            "_aws": {
                "Timestamp": NOW,
                "CloudWatchMetrics": [
                    {
                        "Namespace": "VimbisoPay",
                        "Dimensions": [["Environment"]],
                        "Metrics": [
                            {"Name": "messages_received", "Unit": "Count"},
                            {"Name": "reply_ms", "Unit": "Milliseconds"},
                        ],
                    }
                ],
            },
            "Environment": "staging",
            "messages_received": 3,
            "reply_ms": [410, 95],
        }
    ]


def test_failures_are_published_by_their_code_and_together() -> None:
    """One line a code: an alarm looks at all of them, a dashboard at each."""
    lines: list[str] = []
    meter = EmfWriter("staging", lines.append)
    meter.count(metrics.SEND_FAILURES, of="131026")
    meter.count(metrics.SEND_FAILURES, 2, of="none")
    told = published(meter, lines)
    assert [(line["Code"], line["send_failures"]) for line in told] == [("131026", 1), ("none", 2)]
    assert told[0]["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["Environment"], ["Environment", "Code"]]


def test_what_was_published_is_not_published_again() -> None:
    """Counts begin at nothing; a moment at which nothing happened writes no line."""
    lines: list[str] = []
    meter = EmfWriter("staging", lines.append)
    meter.count(metrics.TURNS)
    assert len(published(meter, lines)) == 1
    assert published(meter, lines) == []


def test_no_line_holds_more_values_than_cloudwatch_takes() -> None:
    """A hundred a metric; the rest follows in lines of its own, and counts are written once."""
    lines: list[str] = []
    meter = EmfWriter("staging", lines.append)
    meter.count(metrics.TURNS, 250)
    for value in range(250):
        meter.value(metrics.REPLY_MS, value)
    told = published(meter, lines)
    assert [len(line["reply_ms"]) for line in told] == [100, 100, 50]
    assert [line.get("turns") for line in told] == [250, None, None]


def test_with_nobody_to_read_it_nothing_piles_up() -> None:
    """A process that publishes no metrics keeps none."""
    meter = EmfWriter("", None)
    for value in range(1000):
        meter.value(metrics.REPLY_MS, value)
        meter.count(metrics.TURNS)
    assert (len(meter._values), len(meter._counts)) == (0, 0)


@pytest.mark.parametrize(("metric", "of"), [(metrics.SEND_FAILURES, ""), (metrics.TURNS, "131026")])
def test_a_dimension_that_is_missing_or_too_much_is_refused(metric: metrics.Metric, of: str) -> None:
    """Published wrongly it would be another metric, at which no alarm looks."""
    with pytest.raises(ValueError, match=metric.name):
        EmfWriter("staging", None).count(metric, of=of)
