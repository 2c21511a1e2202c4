"""One word, one meaning: names and phrases that the project has given up do not come back.

Only names that Python code defines are checked: modules, classes, functions, parameters, variables and attributes.
Redis keys, names on the wire and texts for members are strings, and exempt. So is a retired word in another meaning:
that is why each entry names the packages that it concerns.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
FOLDERS: Final = ("service", "simulator", "cdktf", "notebooks/review")
NOT_OURS: Final = frozenset({"node_modules", "cdktf.out"})

SERVICE: Final = "service/*"
SIMULATOR: Final = "simulator/*"
CLOUD: Final = "simulator/whatsapp_cloud/*"
CDKTF: Final = "cdktf/*"
ALL: Final = "*"


@dataclass(frozen=True)
class Retired:
    """Names that are not used any more in some files.

    Attributes:
        files: a pattern for paths below the root.
        names: what is retired, separated by spaces.
        reason: the present word, and why.
    """

    files: str
    names: str
    reason: str


RETIRED: Final = (
    # Words with several meanings
    Retired(ALL, "DEEDS deed deeds", "COMMANDS (command line), resolve_offer (flow), operation (writes)"),
    Retired("service/mailbox/*", "Outcome", "CommitResult: an Outcome is the result of a call to core"),
    Retired("service/mailbox/*", "settle settled", "ack or reschedule, which say what happens to the entry"),
    Retired("service/credex/*", "settle settled", "classify: it turns a response into an outcome"),
    Retired("service/writes/*", "settle settled", "record_outcome"),
    Retired(ALL, "Answered", "CallFinished (event), CoreAnswered (exception)"),
    Retired("service/mailbox/*", "FORM", "RECORD_VERSION: a Form is a WhatsApp Flow"),
    Retired(ALL, "Paper", "Form, and form definition for its file"),
    Retired(ALL, "_AWAY", "a name that says what is away"),
    Retired(SERVICE, "Arrival Inbound", "InboundMessage or QueuedMessage: one message has two wrappers, not four"),
    # service/mailbox, service/admin
    Retired(SERVICE, "dead", "dead_letters"),
    Retired(SERVICE, "bury buried", "dead_letter"),
    Retired(SERVICE, "put_back give_back", "redrive (by an operator), release (by a process that ends)"),
    Retired("service/mailbox/*", "Posting Claim", "OutboxLease, InboxLease"),
    Retired("service/mailbox/*", "token", "fencing_token: a token without an adjective is an access token"),
    Retired(SERVICE, "MOST_CLAIMS claims", "MAX_DELIVERY_ATTEMPTS, attempts"),
    Retired(SERVICE, "_Again LATER_MS GIVE_WAY", "Reschedule, BACKOFF_MS, DEFER_MS"),
    Retired("service/mailbox/*", "seen posted", "message_dedup, event_dedup"),
    Retired(ALL, "Depths depths", "QueueStats, queue_stats"),
    Retired(ALL, "speaking_mailbox told_ms", "translate_redis_errors, last_delivered_ms"),
    # service/writes
    Retired(ALL, "Intent Intents written_down", "PendingWrite, PendingWrites"),
    Retired("service/writes/*", "proof judge judged", "evidence, reconcile"),
    Retired("service/writes/*", "look looks look_again", "reconcile_once, reconcile_due"),
    Retired("service/writes/*", "beside aside again", "exclude_match, mark_unknown, retry_later"),
    Retired(ALL, "Doubtful despite", "PossibleDuplicate, allow_duplicate"),
    Retired("service/writes/*", "alike", "lookalikes"),
    Retired(ALL, "NotDone Unresolved", "DidNotHappen, Unknown"),
    Retired(ALL, "standings hindrance hindrances", "postconditions, precheck"),
    Retired("service/writes/*", "stands", "is_satisfied"),
    Retired(ALL, "MoneyCalls money_calls", "Reconciler, and one operation for each write"),
    # service/credex
    Retired("service/*", "Exchange Asked", "Transport, Endpoint"),
    Retired("service/credex/*", "Answer refusals exchange", "CoreResponse, error_mapping, transport"),
    Retired(
        "service/credex/*", "LOOK FIND OPEN NOTICES", "GET_CREDEX, GET_ACCOUNT, CREATE_ACCOUNT, SET_OFFER_RECIPIENT"
    ),
    Retired("service/credex/*", "Budget", "SlidingWindowLimiter"),
    Retired(ALL, "TokenBucket", "GcraLimiter: it implements GCRA, not a token bucket"),
    # service/web, service/runtime, service/observability
    Retired(ALL, "Door _Visit", "RequestGuard, GuardedRequest"),
    Retired("service/*", "door _elsewhere", "request_guard, http_error_handler"),
    Retired("service/*", "company Host accompanying", "progress, ProgressNotifier, notify_while_running"),
    Retired("service/*", "gauges meter _Look", "collector, EmfWriter, RedisSnapshot"),
    Retired("service/*", "Parts Recent Loop", "Dependencies, RecentIds, Poller"),
    # service/conversation, service/flows
    Retired("service/*", "engine Book book", "conversation, FlowRegistry, registry"),
    Retired(
        "service/conversation/*", "advance _Walk Walked Scene scene Ask CallCore", "take_turn, TurnBuilder, TurnContext"
    ),
    Retired("service/conversation/*", "places nameless hidden", "routes, anonymous, hidden_number"),
    Retired("service/*", "resting astray", "interruptible, dashboard_failed"),
    Retired("service/flows/*", "permits permit bulk _Way", "authorisation, accept_all, Direction"),
    Retired("service/*", "_COLOURS Wording _TroubleError", "EMOJI_MODIFIERS, TemplateDefinition, MetaApiError"),
    Retired("service/*", "Said Tapped Filled", "TextMessage, ButtonReply, FormReply"),
    # simulator
    Retired(ALL, "promises broken_promise promise_breaks", "invariants, violation"),
    Retired(SIMULATOR, "adversary Adversary", "nemesis: the usual word for what injects faults"),
    Retired(SIMULATOR, "trouble troubles", "fault"),
    Retired(SIMULATOR, "crash_points", "failpoints"),
    Retired(ALL, "oddities oddity", "variants (worlds), quirks (core)"),
    Retired(ALL, "Injection", "FaultMiddleware"),
    Retired(
        SIMULATOR, "Courier Ladder Climber Mint Intake", "WebhookDispatcher, StatusLifecycle, IdFactory, SendHandler"
    ),
    Retired(CLOUD, "breach Breach", "violation"),
    Retired(ALL, "Knobs knobs", "Config"),
    Retired(ALL, "Onlooker Shelf Wires Front Visitor", "Recorder, ReplayCache, Connections, FaultProxy, VirtualUser"),
    Retired("simulator/world/*", "wires host detour Life", "connections, process, proxy, ProcessRun"),
    Retired(SIMULATOR, "in_core touched rubbish", "core_acts, relevance, gc"),
    Retired("simulator/cli/*", "afresh small", "no_cache, shrink"),
    # cdktf
    Retired(CDKTF, "Peer Reading Subjects", "the names of AWS and CDK: SecurityGroupRule, Metric"),
    Retired(CDKTF, "silence judged kept", "treat_missing_data and other names of AWS and CDK"),
)

JARGON: Final = {
    r"\bwho(?:m)?ever\b": "name who or what: the caller, the process, a member",
    r"\bdeeds?\b": "write, operation or command",
    r"\bbur(?:y|ied|ies)\b": "move to the dead letters",
    r"\bthe book\b": "the flow registry",
    r"\bhindrances?\b": "precheck",
    r"\bkeeps? \w+ company\b|\bkeeps? .{0,30}\bmembers company\b": "show progress",
    r"\b(?:the|a|its|every) rooms?\b(?! for)": "package",
    r"\badversary\b": "nemesis",
    r"\bodd worlds?\b": "variant",
    r"\bafresh\b": "again, from the start, or without the cache",
    r"\bso much (?:later|longer|earlier)\b": "say how much",
    r"\bonlooker\b|\bcourier\b|\bclimber\b": "recorder, webhook dispatcher, status lifecycle",
    r"\btold apart\b": "distinguished",
    r"\bways? through the flows?\b": "exit",
    r"\ba stranger until\b": "say what is checked",
}
"""Phrases that docstrings and comments do without, and what to write instead."""


@cache
def sources() -> dict[str, str]:
    """The text of each Python file, by its path."""
    return {
        str(path.relative_to(ROOT)): path.read_text("utf-8")
        for folder in FOLDERS
        for path in sorted((ROOT / folder).rglob("*.py"))
        if NOT_OURS.isdisjoint(path.parts)
    }


@cache
def all_names() -> dict[str, frozenset[str]]:
    """What each file defines."""
    return {path: frozenset(defined_names(path, text)) for path, text in sources().items()}


@cache
def all_comments() -> list[tuple[str, int, str]]:
    """Each docstring and comment, with its file and line."""
    return [(path, line, comment) for path, text in sources().items() for line, comment in comments(text)]


def defined_names(path: str, text: str) -> Iterator[str]:
    """All names that a module defines, its own included."""
    yield Path(path).stem
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.arg(arg=name):
                yield name
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield name
            case ast.alias(asname=str(name)):
                yield name


def comments(text: str) -> Iterator[tuple[int, str]]:
    """Line and text of each docstring and comment."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.lineno, node.value.value
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


@pytest.mark.parametrize("retired", RETIRED, ids=lambda retired: retired.names.replace(" ", ","))
def test_a_retired_name_does_not_come_back(retired: Retired) -> None:
    """The reason says which name to use instead."""
    names = set(retired.names.split())
    found = {
        f"{path}: {name}"
        for path, defined in all_names().items()
        if fnmatch(path, retired.files)
        for name in names & defined
    }

    assert found == set(), retired.reason


@pytest.mark.parametrize("pattern", JARGON)
def test_docstrings_and_comments_are_in_plain_technical_english(pattern: str) -> None:
    """A phrase that only this project knew costs each new reader a second reading."""
    found = [f"{path}:{line}" for path, line, comment in all_comments() if re.search(pattern, comment, re.IGNORECASE)]

    assert found == [], JARGON[pattern]


def test_the_search_finds_names_and_phrases() -> None:
    """Of every kind, and no mere uses."""
    text = "def f(a, *, b):\n    self.c = d = e\n\nclass G:\n    h: int\n\nimport i as j\nk.l()  # whoever\n"

    assert set(defined_names("m.py", text)) == {"m", "f", "a", "b", "c", "d", "G", "h", "j"}
    assert list(comments(text)) == [(7 + 1, "# whoever")]
