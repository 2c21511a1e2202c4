"""WhatsApp, Credex core and people with phones as a server of its own, in real time, for a bot that runs elsewhere.

What it holds can be kept in a file: it is read at the start, and written every few seconds and at the end.
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
EVERYWHERE: Final = "0.0.0.0"  # noqa: S104 - compared with, not listened at
SAVE_EVERY_S: Final = 2
ASK_AGAIN_S: Final = (0.1, 0.2, 0.5, 1, 2)
"""After how long the bot is asked again to verify its address; the last for ever."""

ABOUT: Final = (
    "WhatsApp's Cloud API, Credex core and people with phones, simulated, in real time.\n\n"
    "The Graph API is under /v25.0/ (any version), Credex core under /v1/, as Meta and the ledger have them. What is "
    "listed here is the control API: people act and look at their screens, faults are set, days pass, and everything "
    "can be taken out and put in as one JSON value.\n\n"
    "Errors are 4xx with {“error”: what was wrong and what can be said instead}."
)


class StateFileError(SimulatorError):
    """The file with the state cannot be read or written; it is as it was."""


@dataclass(slots=True)
class SimulatorServer:
    """A running server.

    Attributes:
        world: what it serves.
        file: where its state is kept; None for nowhere.
        say: told what an operator should know, one line at a time.
        ended: set when it is to end.
    """

    world: SimulatedServices
    file: Path | None
    say: Callable[[str], None]
    news: EventSignal = field(default_factory=EventSignal)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    _saved: bytes = b""

    def dump(self) -> dict[str, Any]:
        """Everything, as values that JSON has."""
        return {
            "format": FORMAT,
            "cloud": cloud_state.dump(self.world.cloud),
            "core": core_state.dump(self.world.core),
        }

    async def load(self, dumped: Mapping[str, Any]) -> None:
        """Take in what another one dumped, in place of everything here.

        Raises:
            StateError: it is no such state; nothing has changed.
            KeptError: the same, of Credex core.
        """
        if dumped.get("format") != FORMAT or not all(isinstance(dumped.get(part), dict) for part in ("cloud", "core")):
            raise cloud_state.StateError(
                f"no state of this simulator: it has format {FORMAT!r}, cloud and core; nothing has changed"
            )
        kept = core_state.read(dumped["core"])
        await cloud_state.load(self.world.cloud, dumped["cloud"])
        core_state.load(self.world.core, kept)

    async def read_file(self) -> None:
        """Take in what the file holds, if there is one.

        Raises:
            StateFileError: it holds something else.
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
        """Write the file, if anything has changed: whole or not at all.

        Raises:
            StateFileError: it cannot be written; what it held it still holds.
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
        """Write the file every few seconds."""
        while True:
            await asyncio.sleep(SAVE_EVERY_S)
            try:
                self.save()
            except StateFileError as error:
                self.say(str(error))

    async def verify(self) -> None:
        """Have the bot verify its address, and ask again until it does: it may start later than this."""
        said, tries = "", 0
        while True:
            try:
                await self.world.cloud.start()
            except HandshakeFailedError as error:
                if str(error) != said:
                    said = str(error)
                    self.say(f"webhooks wait for the bot: {said.split(';')[0]}")
                await asyncio.sleep(ASK_AGAIN_S[min(tries, len(ASK_AGAIN_S) - 1)])
                tries += 1
            else:
                self.say("the bot has verified its address: webhooks are delivered")
                return

    def control(self) -> Litestar:
        """What stands beside the two APIs."""
        return Litestar(
            [
                cloud_control.control_router(self.world.cloud, self.news),
                core_control.control(self.world.core),
                Router("/control", route_handlers=self._own()),
                _front_door,
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

    def _own(self) -> list[HTTPRouteHandler]:
        @get("/health", tags=["server"], summary="Whether it serves, and whether a bot is there")
        async def health() -> dict[str, Any]:
            cloud = self.world.cloud
            return {
                "status": "ok",
                "bots": self.world.balancer.bots,
                "verified": cloud.dispatcher.verified,
                "people": len(cloud.handsets),
                "undelivered": cloud.dispatcher.waiting,
            }

        @get("/state", tags=["server"], summary="All that it holds, as one JSON value")
        async def state() -> Response[bytes]:
            return Response(msgspec.json.encode(self.dump()), media_type="application/json")

        @put("/state", tags=["server"], summary="Take in such a value, in place of everything")
        async def replace(data: JSONBody[dict[str, Any]]) -> dict[str, int]:
            await self.load(data)
            return {"people": len(self.world.cloud.handsets)}

        return [health, state, replace]


@get("/", include_in_schema=False)
async def _front_door() -> Redirect:
    """Whoever looks at the server with a browser is led to its docs."""
    return Redirect("/schema")


def _replace(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(descriptor, "wb") as beside:
            beside.write(content)
            beside.flush()
            os.fsync(beside.fileno())
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


STRICT: Final = Config(known_forms=True, templates=())
"""WhatsApp as it is: who sends a form or a template has made it before (`python -m service whatsapp setup`)."""


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
    """Serve until the end of the block; the state is saved then.

    Rules are added to those that the file holds; quirks, if given, are in place of the file's.

    Raises:
        StateFileError: the file holds something else; nothing was started.
        OSError: the port is taken.
    """
    made: list[SimulatorServer] = []

    async def prepare(world: SimulatedServices) -> None:
        one = SimulatorServer(world, file, say)
        world.watch = one.news.notify
        world.cloud.dispatcher.wait_for_verification = True
        if host != EVERYWHERE:  # where nobody knows under which name bots reach it
            world.cloud.account.media.base_url = f"http://{host}:{world.port}"
        await one.read_file()
        there = [armed.rule for armed in world.cloud.rules]
        for rule in rules:
            if rule not in there:  # from the file, where it was kept with how often it has struck
                world.cloud.rules.add(rule)
        if quirks is not None:
            world.core.quirks = quirks
        control = one.control()
        world.mounts |= {"/control": control, "/schema": control, "/": control}
        made.append(one)

    async with run_services(
        bots=bots, port=port, host=host, seed=seed, config=config, quirks=quirks, prepare=prepare
    ) as world:
        (one,) = made
        tasks = [asyncio.create_task(one.verify()), asyncio.create_task(one.keep_saving())]
        say(f"listening on http://{host}:{world.port}: Graph API /v25.0/, Credex core /v1/, control and docs /schema")
        try:
            yield one
        finally:
            for task in tasks:
                task.cancel()
            for task in tasks:
                with suppress(asyncio.CancelledError):
                    await task
            one.save()


async def serve(**options: Any) -> None:
    """Serve until SIGTERM or Ctrl-C; the options are those of `run_server`."""
    async with run_server(**options) as one:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, one.ended.set)
        await one.ended.wait()
        one.say("ending" if one.file is None else f"ending; the state is in {one.file}")
