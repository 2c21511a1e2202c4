"""Conformance of a Cloud API to Meta's documentation: requests, each with the answer that it must have."""

from __future__ import annotations

from .case import Case, CaseResult
from .observed import Observed
from .runner import RemoteServer, cases, run_remote, run_simulated

__all__ = ("Case", "CaseResult", "Observed", "RemoteServer", "cases", "run_remote", "run_simulated")
