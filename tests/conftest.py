"""What all tests share: the machine they run on leads them nowhere, and its speed is no rule."""

from __future__ import annotations

import os
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import pytest

FORGOTTEN: Final = frozenset(
    {
        *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
        # How wide a terminal is and whether it has colours, for programs that believe it without a terminal.
        *("COLUMNS", "LINES", "FORCE_COLOR", "CLICOLOR_FORCE", "TTY_COMPATIBLE", "TTY_INTERACTIVE"),
    }
)
FORGOTTEN_ALL: Final = ("AWS_", "GIT_")
"""By their beginning. Within a hook of git its variables name the project's own repository, wherever a test works."""

ITS_OWN: Final = {
    # Nobody's profile, region or keys.
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    # Nobody's templates, hooks or signatures.
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    # A folder for temporary files may lie within a repository.
    "GIT_CEILING_DIRECTORIES": str(Path(tempfile.gettempdir()).resolve()),
}


def pytest_configure(config: pytest.Config) -> None:
    """Forget what would send requests through a proxy, print otherwise, or work on somebody else's account.

    Everything here is on this machine, and programs that tests start inherit what is left.
    """
    _have_a_home(config)
    for name in list(os.environ):
        if name.upper() in FORGOTTEN or name.startswith(FORGOTTEN_ALL):
            del os.environ[name]
    os.environ.update(ITS_OWN)
    if find_spec("hypothesis"):  # not in the environment of the infrastructure
        _forget_the_clock()


def _have_a_home(config: pytest.Config) -> None:
    """A folder in which Jupyter and jsii may keep things, for a user whose own takes nothing or is not there."""
    if not os.access(Path("~").expanduser(), os.W_OK):
        folder = tempfile.TemporaryDirectory(prefix="home-")
        config.add_cleanup(folder.cleanup)
        os.environ["HOME"] = folder.name


def _forget_the_clock() -> None:
    """No example is a failure because the machine was slow to draw or to try it.

    HYPOTHESIS_PROFILE=thorough looks longer; a failure prints the blob that replays it.
    """
    from hypothesis import HealthCheck, settings  # noqa: PLC0415 - there only with the developers' environment

    patient = settings(deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
    settings.register_profile("quick", patient, max_examples=100)
    settings.register_profile("thorough", patient, max_examples=3000)
    settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))
