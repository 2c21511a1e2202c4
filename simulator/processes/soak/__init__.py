"""The soak test: processes of the service on real Redis servers, under load and faults.

Invariants are checked from outside: by the messages on people's phones, and by the ledger of Credex core. A kill of
redis-server proves no fsync, since what was written is with the operating system by then. The soak therefore reads the
setting from the running server.
"""

from __future__ import annotations

from simulator.processes.soak.ledger_audit import Violation
from simulator.processes.soak.run import Options, Progress, Result, soak

__all__ = ("Options", "Progress", "Result", "Violation", "soak")
