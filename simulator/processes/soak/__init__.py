"""A soak: processes of the service on a real Redis, under load, with everything going wrong that can.

The promises are checked from outside: by what people see on their phones, and by the ledger of Credex core. Killing
redis-server loses nothing under ``appendfsync everysec`` either, because what was written is with the operating system
by then; so the kill does not prove the fsync, and the setting is asked of the running server instead.
"""

from __future__ import annotations

from simulator.processes.soak.ledger_audit import Violation
from simulator.processes.soak.run import Options, Progress, Result, soak

__all__ = ("Options", "Progress", "Result", "Violation", "soak")
