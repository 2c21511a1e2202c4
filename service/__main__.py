"""`python -m service`: run the bot, look after what it needs at Meta, or after messages that it gave up."""

import argparse
import asyncio
import contextlib
import signal
import socket
import sys
import time
from collections.abc import Sequence

import structlog
import uvicorn

from service.admin.dead_letters import COMMANDS, dead_letters
from service.admin.whatsapp_setup import Report, Setup
from service.app import Dependencies, Service
from service.http_client import open_http
from service.mailbox import Mailbox, MailboxError, open_state
from service.observability.logging import configure, pseudonym
from service.settings import EMBEDDED, Settings, SettingsError, load, load_for_setup
from service.whatsapp import FORMS

FINISH_REQUESTS_S = 4
"""How long requests may take to finish at SIGTERM, before the workers' own time begins: 25 s in all."""

KEEP_ALIVE_S = 75
"""Longer than the load balancer keeps an idle connection: it must be the one that closes, or a request that is on its
way at that moment is answered 502."""


log = structlog.get_logger(__name__)


class _Server(uvicorn.Server):
    """Logs the address when it begins to listen, and its end."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        log.info("started", address=f"http://{self.config.host}:{self.config.port}")

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        log.info("ended")


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command. Returns 0 when all is well, 1 when something is left to do, 2 when nothing could start."""
    arguments = _parser().parse_args(argv)
    try:
        settings = load_for_setup() if arguments.command == "whatsapp" else load()
    except SettingsError as error:
        print(error, file=sys.stderr)  # noqa: T201 - there is no log before there are settings
        return 2
    if arguments.command == "dead" and (reason := _unavailable(settings, arguments)):
        print(reason, file=sys.stderr)  # noqa: T201
        return 2
    if arguments.command == "dead":
        return asyncio.run(_dead(settings, arguments.action, frozenset(arguments.letters)))
    if arguments.command:
        report = asyncio.run(_whatsapp(settings, changing=arguments.action == "setup"))
        print(report)  # noqa: T201
        return 0 if report.ok else 1
    return _serve(settings)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m service", description="Without a command: run the bot.")
    commands = parser.add_subparsers(dest="command", metavar="command")
    whatsapp = commands.add_parser("whatsapp", help="look after Meta's side: token, number, webhooks, forms, template")
    whatsapp.add_argument(
        "action", choices=("check", "setup"), help="check changes nothing; setup makes it right and is safe to repeat"
    )
    command = commands.add_parser("dead", help="look after messages that were given up: list, put-back, drop")
    command.add_argument(
        "action", choices=COMMANDS, help="put-back: to the end of the member's inbox, confirming nothing"
    )
    command.add_argument("letters", nargs="*", metavar="LETTER", help="which ones, as list names them")
    return parser


def _unavailable(settings: Settings, arguments: argparse.Namespace) -> str:
    """Why dead letters cannot be handled; empty when they can."""
    if settings.redis_state_url == EMBEDDED:
        return f"REDIS_STATE_URL is {EMBEDDED}: that Redis is inside the bot's process, where nobody else can look."
    if arguments.action != "list" and not arguments.letters:
        return "Name the letters, as `python -m service dead list` does."
    return ""


async def _dead(settings: Settings, action: str, names: frozenset[str]) -> int:
    state = open_state(settings.redis_state_url, timeout_s=settings.redis_timeout_seconds)
    name_of = pseudonym(settings.django_secret.get_secret_value())
    try:
        lines = await dead_letters(Mailbox(state), action, names, now_ms=time.time_ns() // 1_000_000, pseudonym=name_of)
    except MailboxError as error:
        print(f"The state Redis cannot be asked; nothing was changed that is not told above: {error}", file=sys.stderr)  # noqa: T201
        return 1
    finally:
        await state.aclose()
    for line in lines or ["There are no dead letters."]:
        print(line)  # noqa: T201
    return 0


async def _whatsapp(settings: Settings, *, changing: bool) -> Report:
    async with open_http() as http:
        setup = Setup(
            http,
            api_url=settings.whatsapp_api_url,
            access_token=settings.whatsapp_access_token.get_secret_value(),
            phone_number_id=settings.whatsapp_phone_number_id,
            business_id=settings.whatsapp_business_id,
            ids={each.variable: str(getattr(settings, each.variable.lower())) for each in FORMS},
        )
        return await (setup.set_up() if changing else setup.check())


def _serve(settings: Settings) -> int:
    # uvicorn shuts down and then raises the signal once more; being told to stop is no failure.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    configure(debug=settings.debug, release=settings.release if settings.production else "")
    service = Service(settings, dependencies=Dependencies.real(settings))
    config = uvicorn.Config(
        service.asgi,
        host=settings.host,
        port=settings.port,
        log_config=None,  # ours
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=FINISH_REQUESTS_S,
        timeout_keep_alive=KEEP_ALIVE_S,
    )
    with contextlib.suppress(KeyboardInterrupt):  # raised once more after the shutdown
        _Server(config).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
