"""Whether a Cloud API behaves as Meta's pages say: hundreds of requests, with the answer that each must have."""

from __future__ import annotations

from .case import Case, Row
from .observed import Observed
from .running import Elsewhere, cases, try_elsewhere, try_simulated

__all__ = ("Case", "Elsewhere", "Observed", "Row", "cases", "try_elsewhere", "try_simulated")
