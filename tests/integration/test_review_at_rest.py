"""What is measured of a real redis-server is the data, however busy the machine is."""

from __future__ import annotations

import asyncio
from typing import Any

from notebooks.review.memory_keys import at_rest
from service.mailbox import open_state
from simulator.processes.programs import redis_server
from tests.system import need


def test_what_redis_notes_of_its_own_work_is_no_data() -> None:
    """On a slow machine its log fills with copies of what was sent; here all is slow, and commands are new to it."""
    need("redis-server")

    async def measured() -> tuple[int, int]:
        with redis_server("--slowlog-log-slower-than", "0") as server:
            client: Any = open_state(f"redis://127.0.0.1:{server.port}")
            try:
                before = await at_rest(client)
                await client.config_set("slowlog-log-slower-than", 0)
                await client.config_set("latency-tracking", "yes")
                for _ in range(200):
                    await client.set("key", b"x" * 100)
                await client.delete("key")
                return before, await at_rest(client)
            finally:
                await client.aclose()

    before, after = asyncio.run(measured())

    # Two hundred copies would be more than 20,000 bytes.
    assert abs(after - before) < 2_000
