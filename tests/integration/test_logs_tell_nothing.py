"""What the bot logs while people talk to it: never what they wrote, who they are, or what they own."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from structlog.stdlib import ProcessorFormatter

from service.observability.logging import configure, without_numbers
from simulator.playback.player import replay
from simulator.script.conversation import Conversation, load
from simulator.script.library import stored
from simulator.whatsapp_cloud.transcript.model import Kind, Transcript

EVERY = 6
"""Of the stored conversations every so many is played."""

LEAST = 4
"""Shorter words than this are everywhere."""

OURS = {
    word.lower()
    for path in (Path(__file__).parents[2] / "service").rglob("*.py")
    for word in re.findall(r"\w+", path.read_text("utf-8"))
}
"""Words of our own sources: that they are logged tells nothing."""


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """The log of a bot that logs as in production."""
    written = io.StringIO()
    before, handlers = structlog.get_config(), list(logging.root.handlers)
    logging.disable(logging.NOTSET)
    configure()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(written))
    yield written
    structlog.configure(**before)
    logging.root.handlers[:] = handlers


def paths() -> list[Path]:
    """A sixth of them, from all flows."""
    return stored()[::EVERY]


@pytest.mark.parametrize("path", paths(), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_no_line_says_who_a_member_is_or_what_they_wrote(path: Path, lines: io.StringIO) -> None:
    """Numbers, names, handles, texts, amounts, tokens and message ids are searched for in all that is logged."""
    conversation = load(path)
    transcript = replay(conversation)
    logged = lines.getvalue()
    assert [what for what in telling(conversation, transcript) if what.lower() in logged.lower()] == []
    assert [line for line in logged.splitlines() if re.search(r"wamid\.|Bearer|ey[A-Za-z0-9_-]{20}", line)] == []


def telling(conversation: Conversation, transcript: Transcript) -> set[str]:
    """All that would tell of a member."""
    known: set[str] = set()
    typed: set[str] = set()
    for person in conversation.people:
        known |= {person.phone, *person.name.split()}
    for moment in transcript.moments:
        shown = moment.screen.body if moment.screen else moment.text
        known |= set(re.findall(r"[0-9][0-9,.]* (?:USD|ZWG|CXX|CAD|XAU)", shown))
        if moment.kind is Kind.SAID:
            typed |= {word for word in re.findall(r"\w+", moment.text) if len(word) > LEAST}
    return {what for what in known if len(what) > 1} | {word for word in typed if word.lower() not in OURS}


def test_a_turn_is_one_line_of_json_that_names_flow_step_and_time(lines: io.StringIO) -> None:
    """And the member and the message by pseudonyms, the same ones each time."""
    replay(load(next(path for path in stored() if path.stem == "accept")))
    logged: list[dict[str, Any]] = [json.loads(line) for line in lines.getvalue().splitlines()]
    turns = [line for line in logged if line["event"] == "turn"]
    assert next((turn["flow"], turn["step"]) for turn in turns) == ("dashboard", "menu")
    assert len({turn["member"] for turn in turns}) == 1
    assert len({turn["message"] for turn in turns}) == len(turns)
    assert all(turn["reply_ms"] >= turn["ms"] for turn in turns)


def _failing(words: str) -> None:
    """Fail because of something else, in several ways at once."""
    try:
        _ = dict[str, str]()[words]
    except KeyError as error:
        raise ExceptionGroup(words, [ValueError(words)]) from error


def test_an_error_is_logged_without_its_words(lines: io.StringIO) -> None:
    """It may quote what a member wrote, has or is called: its kinds and places are told, whoever logs it."""
    words = "Tariro owes 12.50 USD"
    try:
        _failing(words)
    except ExceptionGroup:
        structlog.get_logger("service.runtime.inbox_worker").exception("turn_failed")
        (ours,) = [each for each in logging.root.handlers if isinstance(each.formatter, ProcessorFormatter)]
        assert isinstance(ours, logging.StreamHandler)
        ours.setStream(lines)
        logging.getLogger("asyncio").exception("Task exception was never retrieved\nexception=ValueError(%r)", words)
    assert "Tariro" not in lines.getvalue()
    said = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert [line["event"] for line in said] == ["turn_failed", "Task exception was never retrieved"]
    for line in said:
        assert all(each in line["exception"] for each in ("KeyError", "ExceptionGroup", "ValueError", "in _failing"))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Recipient 263771234567 is not valid", "Recipient # is not valid"),
        ("no member with +263771234567", "no member with #"),
        ("5cb120419e0839d3", "5cb120419e0839d3"),
        ("1234567890123456", "1234567890123456"),
        ("2026-11-02T06:00:00.123456Z", "2026-11-02T06:00:00.123456Z"),
        ("0:263771234567:1793599200550", "0:#:#"),
    ],
)
def test_phone_numbers_in_other_peoples_errors_are_blotted_out(text: str, shown: str) -> None:
    """Digests, times and long ids stay as they are."""
    assert without_numbers(None, "info", {"details": text}) == {"details": shown}
