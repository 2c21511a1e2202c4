"""What each of Meta's codes means for us."""

from __future__ import annotations

import pytest

from service.whatsapp import (
    GraphError,
    NoAnswerError,
    PairLimitedError,
    RejectedError,
    SendingStoppedError,
    ThrottledError,
    TransientError,
    WindowClosedError,
)
from service.whatsapp.errors import graph_error

KINDS: dict[type[GraphError], list[int]] = {
    PairLimitedError: [131056],
    ThrottledError: [4, 80007, 130429],
    TransientError: [1, 2, 131000, 131016, 131057, 133004],
    SendingStoppedError: [0, 3, 10, 33, 104, 190, 200, 230, 299, 368, 131005, 131031, 131042, 131045, 131048, 133010],
    WindowClosedError: [131047],
    RejectedError: [100, 131008, 131009, 131021, 131026, 131030, 131051, 132000, 132001, 132012, 132069, 135000],
}


@pytest.mark.parametrize("http_status", [400, 401, 403, 404, 429, 500, 503])
@pytest.mark.parametrize(("kind", "code"), [(kind, code) for kind, codes in KINDS.items() for code in codes])
def test_a_known_code_decides_alone(kind: type[GraphError], code: int, http_status: int) -> None:
    """What to do follows from the code; the HTTP status, which Meta changed over the years, has no say."""
    error = graph_error("why", code=code, subcode=None, http_status=http_status)
    assert (type(error), error.code, error.details, error.http_status) == (kind, code, "why", http_status)


@pytest.mark.parametrize(
    ("http_status", "kind"), [(400, RejectedError), (404, RejectedError), (500, TransientError), (503, TransientError)]
)
def test_an_unknown_code_is_tried_again_on_a_server_error_only(http_status: int, kind: type[GraphError]) -> None:
    """A code of tomorrow is final with a 4xx, and passes with a 5xx."""
    assert type(graph_error("why", code=139_999, subcode=None, http_status=http_status)) is kind


@pytest.mark.parametrize(
    ("http_status", "kind"),
    [
        (200, NoAnswerError),
        (302, SendingStoppedError),
        (400, SendingStoppedError),
        (401, SendingStoppedError),
        (404, SendingStoppedError),
        (408, NoAnswerError),
        (429, ThrottledError),
        (500, TransientError),
        (502, NoAnswerError),
        (503, TransientError),
        (504, NoAnswerError),
    ],
)
def test_without_a_code_no_message_is_given_up(http_status: int, kind: type[GraphError]) -> None:
    """An answer without a code may come from anyone between us: its status decides, and never drops a message."""
    assert type(graph_error("why", code=None, subcode=None, http_status=http_status)) is kind


def test_a_number_that_does_not_exist_stops_everything() -> None:
    """A wrong phone number id is told with the code of a bad parameter, and is none of the message's fault."""
    assert type(graph_error("why", code=100, subcode=33, http_status=400)) is SendingStoppedError


def test_an_error_says_its_kind_code_status_and_reason() -> None:
    """One line tells an operator what happened."""
    assert str(graph_error("Too many", code=130429, subcode=None, http_status=400)) == (
        "ThrottledError (code 130429, HTTP 400): Too many"
    )
    assert str(NoAnswerError("no answer within 10 s")) == "NoAnswerError (no code, no answer): no answer within 10 s"
