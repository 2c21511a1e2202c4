"""Whether a Cloud API behaves as Meta's pages say: hundreds of requests, with the answer that each must have."""

from __future__ import annotations

from .case import Case, CaseResult
from .observed import Observed
from .runner import RemoteServer, cases, run_remote, run_simulated

__all__ = ("Case", "CaseResult", "Observed", "RemoteServer", "cases", "run_remote", "run_simulated")
