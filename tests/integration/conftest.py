"""What the integration tests share."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import pytest
import structlog

from tests.integration.plays import Plays
from tests.redis_server import RunningRedis, redis_server
from tests.system import need

ANNOUNCED = "announced"


def pytest_addoption(parser: pytest.Parser) -> None:
    """What these tests can be asked besides."""
    parser.addoption("--money-table", action="store_true", help="print what becomes of every write at every point")
    parser.addoption("--soak-defects", action="store_true", help="let the soak find planted defects, too (minutes)")
    parser.addoption("--mutations", default=1_500, type=int, help="how many mutated envelopes the webhook gets")
    parser.addoption("--mutation-seed", default=1, type=int, help="the seed of the first hundred of them")


def pytest_configure(config: pytest.Config) -> None:
    """What tests can be marked with besides."""
    config.addinivalue_line("markers", "soak_defects: takes minutes, and runs with --soak-defects only")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what was not asked for."""
    unwanted = [item for item in items if item.get_closest_marker("soak_defects")]
    if unwanted and not config.getoption("--soak-defects"):
        config.hook.pytest_deselected(items=unwanted)
        items[:] = [item for item in items if item not in unwanted]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests announced, passed or failed."""
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.stats.get(kind, [])]
    lines = [text for report in reports for name, text in report.user_properties if name == ANNOUNCED]
    for line in lines:
        terminalreporter.write_line(line)


@pytest.fixture
def announce(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """A line for the end of the run, from whichever process the test ran in."""
    return lambda line: record_property(ANNOUNCED, line)


@pytest.fixture
def quiet() -> Iterator[None]:
    """The bot's log lines are not what these tests look at, and formatting them takes longer than the rest."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def plays() -> Plays:
    """Stored conversations, each played once."""
    return Plays()


@pytest.fixture(scope="session")
def running_redis() -> Iterator[RunningRedis]:
    """A real redis-server, for all tests that want one."""
    need("redis-server")
    with redis_server() as running:
        yield running
