"""WhatsApp, Credex core and people with phones as a server in real time, for a bot that runs elsewhere.

Its state can be kept in a file, which is read at the start and written every few seconds and at the end.
"""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec
from litestar import Litestar, Response, Router, get, put
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.params import JSONBody
from litestar.response import Redirect

from simulator.credex_core import Quirks
from simulator.credex_core import control as core_control
from simulator.credex_core import state as core_state
from simulator.errors import SimulatorError
from simulator.server.services import SimulatedServices, run_services
from simulator.whatsapp_cloud import CloudError, Config, EventSignal, HandshakeFailedError, Rule
from simulator.whatsapp_cloud import control as cloud_control
from simulator.whatsapp_cloud import state as cloud_state
from simulator.whatsapp_cloud.openapi_page import OfflineOpenApiPage

__all__ = ("SimulatorServer", "StateFileError", "run_server", "serve")

FORMAT: Final = "vimbisopay-simulator"
ALL_INTERFACES: Final = "0.0.0.0"  # noqa: S104 - compared with, not bound to
SAVE_EVERY_S: Final = 2
VERIFY_AFTER_S: Final = (0.1, 0.2, 0.5, 1, 2)
"""Waits between attempts to have the bot verify its address; the last one is repeated."""

ABOUT: Final = (
    "WhatsApp's Cloud API, Credex core and people with phones, simulated, in real time.\n\n"
    "The Graph API is under /v25.0/ (any version) and Credex core under /v1/, with their own paths. This page is about "
    "the control API: it acts for people, shows their screens, sets faults, lets days pass, and exports and imports "
    "the whole state as one JSON value.\n\n"
    "Errors are 4xx with {“error”: what was wrong and what is allowed}."
)


class StateFileError(SimulatorError):
    """The state file cannot be read or written; it is unchanged."""


@dataclass(slots=True)
class SimulatorServer:
    """A running server.

    Attributes:
        world: the services.
        file: the state file, if any.
        say: prints a line for the operator.
        ended: set to stop the server.
    """

    world: SimulatedServices
    file: Path | None
    say: Callable[[str], None]
    news: EventSignal = field(default_factory=EventSignal)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    _saved: bytes = b""

    def dump(self) -> dict[str, Any]:
        """The whole state, JSON-compatible."""
        return {
            "format": FORMAT,
            "cloud": cloud_state.dump(self.world.cloud),
            "core": core_state.dump(self.world.core),
        }

    async def load(self, dumped: Mapping[str, Any]) -> None:
        """Replace the whole state by a dumped one.

        Raises:
            StateError: it is not a valid state; nothing has changed.
            SavedStateError: its part of Credex core is not valid; nothing has changed.
        """
        if dumped.get("format") != FORMAT or not all(isinstance(dumped.get(part), dict) for part in ("cloud", "core")):
            raise cloud_state.StateError(
                f"no state of this simulator: it has format {FORMAT!r}, cloud and core; nothing has changed"
            )
        kept = core_state.read(dumped["core"])
        await cloud_state.load(self.world.cloud, dumped["cloud"])
        core_state.load(self.world.core, kept)

    async def read_file(self) -> None:
        """Load the state file if it exists.

        Raises:
            StateFileError: it is not a valid state file.
        """
        if self.file is None or not self.file.exists():
            return
        try:
            dumped = msgspec.json.decode(self.file.read_bytes(), type=dict[str, Any])
            await self.load(dumped)
        except (OSError, msgspec.DecodeError, cloud_state.StateError, core_state.SavedStateError) as error:
            raise StateFileError(
                f"{self.file} cannot be read: {error}. It is as it was; move it away to begin anew, or name another."
            ) from error
        self.say(f"read {self.file}: {len(self.world.cloud.handsets)} people")

    def save(self) -> None:
        """Write the state file atomically if the state has changed.

        Raises:
            StateFileError: it cannot be written; its old contents are kept.
        """
        if self.file is None:
            return
        content = msgspec.json.format(msgspec.json.encode(self.dump()), indent=1)
        if content == self._saved:
            return
        try:
            _replace(self.file, content)
        except OSError as error:
            raise StateFileError(f"{self.file} cannot be written: {error}") from error
        self._saved = content

    async def keep_saving(self) -> None:
        """Save every few seconds."""
        while True:
            await asyncio.sleep(SAVE_EVERY_S)
            try:
                self.save()
            except StateFileError as error:
                self.say(str(error))

    async def verify(self) -> None:
        """Ask the bot to verify its address until it does; it may start later than the server."""
        reported, tries = "", 0
        while True:
            try:
                await self.world.cloud.start()
            except HandshakeFailedError as error:
                if str(error) != reported:
                    reported = str(error)
                    self.say(f"webhooks wait for the bot: {reported.split(';')[0]}")
                await asyncio.sleep(VERIFY_AFTER_S[min(tries, len(VERIFY_AFTER_S) - 1)])
                tries += 1
            else:
                self.say("the bot has verified its address: webhooks are delivered")
                return

    def control(self) -> Litestar:
        """The application of the control API."""
        return Litestar(
            [
                cloud_control.control_router(self.world.cloud, self.news),
                core_control.control(self.world.core),
                Router("/control", route_handlers=self._server_routes()),
                _redirect_to_docs,
            ],
            exception_handlers={
                CloudError: cloud_control.error_response,
                HTTPException: cloud_control.error_response,
                core_state.SavedStateError: cloud_control.error_response,
            },
            openapi_config=OpenAPIConfig(
                title="VimbisoPay's simulator",
                version="1",
                description=ABOUT,
                render_plugins=[JsonRenderPlugin(), OfflineOpenApiPage(path="/")],
            ),
            logging_config=None,
            request_max_body_size=None,
        )

    def _server_routes(self) -> list[HTTPRouteHandler]:
        @get("/health", tags=["server"], summary="Whether the server runs, and whether a bot has verified its address")
        async def health() -> dict[str, Any]:
            cloud = self.world.cloud
            return {
                "status": "ok",
                "bots": self.world.balancer.bots,
                "verified": cloud.dispatcher.verified,
                "people": len(cloud.handsets),
                "undelivered": cloud.dispatcher.waiting,
            }

        @get("/state", tags=["server"], summary="Export the whole state as one JSON value")
        async def state() -> Response[bytes]:
            return Response(msgspec.json.encode(self.dump()), media_type="application/json")

        @put("/state", tags=["server"], summary="Replace the whole state by an exported value")
        async def replace(data: JSONBody[dict[str, Any]]) -> dict[str, int]:
            await self.load(data)
            return {"people": len(self.world.cloud.handsets)}

        return [health, state, replace]


@get("/", include_in_schema=False)
async def _redirect_to_docs() -> Redirect:
    """Redirect browsers to the documentation."""
    return Redirect("/schema")


def _replace(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(descriptor, "wb") as temporary:
            temporary.write(content)
            temporary.flush()
            os.fsync(temporary.fileno())
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


STRICT: Final = Config(known_forms=True, templates=())
"""Forms and templates must have been created, as at Meta (`python -m service whatsapp setup` does it)."""


@asynccontextmanager
async def run_server(
    *,
    bots: Sequence[str],
    port: int,
    host: str = "127.0.0.1",
    file: Path | None = None,
    seed: int = 1,
    config: Config = STRICT,
    quirks: Quirks | None = None,
    rules: Sequence[Rule] = (),
    say: Callable[[str], None] = lambda _: None,
) -> AsyncIterator[SimulatorServer]:
    """Serve until the end of the block, and save the state then.

    Rules are added to those in the state file; quirks, if given, replace those in the file.

    Raises:
        StateFileError: the file is not a valid state file; nothing was started.
        OSError: the port is taken.
    """
    servers: list[SimulatorServer] = []

    async def prepare(world: SimulatedServices) -> None:
        server = SimulatorServer(world, file, say)
        world.on_event = server.news.notify
        world.cloud.dispatcher.wait_for_verification = True
        if host != ALL_INTERFACES:  # in a container the address that bots use is unknown
            world.cloud.account.media.base_url = f"http://{host}:{world.port}"
        await server.read_file()
        known = [armed.rule for armed in world.cloud.rules]
        for rule in rules:
            if rule not in known:  # the file also has its counters
                world.cloud.rules.add(rule)
        if quirks is not None:
            world.core.quirks = quirks
        control = server.control()
        world.mounts |= {"/control": control, "/schema": control, "/": control}
        servers.append(server)

    async with run_services(
        bots=bots, port=port, host=host, seed=seed, config=config, quirks=quirks, prepare=prepare
    ) as world:
        (server,) = servers
        tasks = [asyncio.create_task(server.verify()), asyncio.create_task(server.keep_saving())]
        say(f"listening on http://{host}:{world.port}: Graph API /v25.0/, Credex core /v1/, control and docs /schema")
        try:
            yield server
        finally:
            for task in tasks:
                task.cancel()
            for task in tasks:
                with suppress(asyncio.CancelledError):
                    await task
            server.save()


async def serve(**options: Any) -> None:
    """Serve until SIGTERM or Ctrl-C; the options are those of `run_server`."""
    async with run_server(**options) as server:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, server.ended.set)
        await server.ended.wait()
        server.say("ending" if server.file is None else f"ending; the state is in {server.file}")
