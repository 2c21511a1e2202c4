"""How many examples Hypothesis tries, and how long it may take: by HYPOTHESIS_PROFILE.

- `default`, as in `make test`: 100 examples, or the number that a test states.
- `check`, as in `make check`: at most 50 examples everywhere. A quick look, which proves less.
- `thorough`: 3,000 examples, or the number that a test states.
"""

from __future__ import annotations

import os
from typing import Final

from hypothesis import HealthCheck, settings

PROFILE: Final = os.environ.get("HYPOTHESIS_PROFILE", "default")
MAX_IN_CHECK: Final = 50


def examples(number: int) -> int:
    """The number of examples for a test that states its own."""
    return min(number, MAX_IN_CHECK) if PROFILE == "check" else number


def load_profile() -> None:
    """Choose the profile. No example fails because the machine was slow; a failure prints the blob that replays it."""
    patient = settings(deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
    settings.register_profile("default", patient, max_examples=100)
    settings.register_profile("quick", patient, max_examples=100)  # the former name of the default
    settings.register_profile("check", patient, max_examples=MAX_IN_CHECK)
    settings.register_profile("thorough", patient, max_examples=3000)
    settings.load_profile(PROFILE)
