"""The endpoints of core, one module per group.

A new group is a module with a mapping ``ENDPOINTS`` and one line below. An endpoint from outside of this package is
given to `Core`: ``Core(..., endpoints={**ENDPOINTS, "requestCredex": Endpoint(request_credex, writes=True)})``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from simulator.credex_core.endpoints import accounts, credexes, lookups, members
from simulator.credex_core.endpoints.endpoint import Body, Endpoint, Reply, RequestContext

__all__ = ("ENDPOINTS", "Body", "Endpoint", "Reply", "RequestContext")

ENDPOINTS: Final[Mapping[str, Endpoint]] = {
    **members.ENDPOINTS,
    **lookups.ENDPOINTS,
    **credexes.ENDPOINTS,
    **accounts.ENDPOINTS,
}
"""Every endpoint of the real core that is simulated, by the last part of its path."""
