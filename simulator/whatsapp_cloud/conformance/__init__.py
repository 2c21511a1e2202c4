"""Whether a Cloud API behaves as Meta's pages say: hundreds of requests, with the answer that each must have."""

from __future__ import annotations

from simulator.whatsapp_cloud.conformance.case import Case, Given, Row
from simulator.whatsapp_cloud.conformance.running import Elsewhere, cases, try_elsewhere, try_simulated

__all__ = ("Case", "Elsewhere", "Given", "Row", "cases", "try_elsewhere", "try_simulated")
