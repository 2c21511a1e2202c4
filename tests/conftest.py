"""What all tests share: independence of the machine, and the distribution over its processors.

With pytest-xdist (`make test`, or `-n logical --dist loadgroup`) tests run in several processes. Tests that need the
same expensive fixture stay in one process by `pytest.mark.xdist_group("name")`; the others run wherever a process is
free.
"""

from __future__ import annotations

import os
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import pytest

REMOVED: Final = frozenset(
    {
        *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
        # Programs believe these about width and colours even without a terminal.
        *("COLUMNS", "LINES", "FORCE_COLOR", "CLICOLOR_FORCE", "TTY_COMPATIBLE", "TTY_INTERACTIVE"),
    }
)
REMOVED_PREFIXES: Final = ("AWS_", "GIT_")
"""Within a hook, git's variables name the project's own repository, in whichever folder a test works."""

REPLACED: Final = {
    # No profile, region or keys.
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    # No templates, hooks or signatures.
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    # The folder for temporary files may be inside a repository.
    "GIT_CEILING_DIRECTORIES": str(Path(tempfile.gettempdir()).resolve()),
}


def pytest_configure(config: pytest.Config) -> None:
    """Remove variables that would route requests through a proxy, change what is printed, or name a real account.

    Programs that tests start inherit the environment.
    """
    _provide_home(config)
    for name in list(os.environ):
        if name.upper() in REMOVED or name.startswith(REMOVED_PREFIXES):
            del os.environ[name]
    os.environ.update(REPLACED)
    if find_spec("hypothesis"):  # not in the environment of the infrastructure
        from tests.hypothesis_profiles import load_profile  # noqa: PLC0415 - see above

        load_profile()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Over several processes, run the slow integration tests first, so that no process is left with one at the end."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: "integration" not in item.path.parts)


def _provide_home(config: pytest.Config) -> None:
    """Provide a home folder for Jupyter and jsii if the user's own is missing or not writable."""
    if not os.access(Path("~").expanduser(), os.W_OK):
        folder = tempfile.TemporaryDirectory(prefix="home-")
        config.add_cleanup(folder.cleanup)
        os.environ["HOME"] = folder.name
