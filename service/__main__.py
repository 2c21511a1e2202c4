"""`python -m service`: run the bot, or look after what it needs at Meta."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence

import uvicorn

from service.app import Parts, Service
from service.credex import open_http
from service.logs import configure
from service.settings import Settings, SettingsError, load, load_for_setup
from service.whatsapp import FORMS, Report, Setup

FINISH_REQUESTS_S = 4
"""Webhooks in progress get this long at SIGTERM, before the workers' own time begins: 25 s in all."""


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the command line says: 0 when all is well, 1 when something is left to do, 2 when nothing could begin."""
    arguments = _parser().parse_args(argv)
    try:
        settings = load_for_setup() if arguments.what else load()
    except SettingsError as error:
        print(error, file=sys.stderr)  # noqa: T201 - there is no log before there are settings
        return 2
    if arguments.what:
        report = asyncio.run(_whatsapp(settings, changing=arguments.deed == "setup"))
        print(report)  # noqa: T201 - for whoever typed the command
        return 0 if report.ok else 1
    return _serve(settings)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m service", description="Without a command: run the bot.")
    commands = parser.add_subparsers(dest="what", metavar="command")
    whatsapp = commands.add_parser("whatsapp", help="look after Meta's side: token, number, webhooks, forms, template")
    whatsapp.add_argument(
        "deed", choices=("check", "setup"), help="check changes nothing; setup makes it right and is safe to repeat"
    )
    return parser


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
    # uvicorn ends in order and then raises the signal once more: to have been told to stop is no failure.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    configure(debug=settings.debug, release=settings.release if settings.production else "")
    service = Service(settings, parts=Parts.real(settings))
    uvicorn.run(
        service.asgi,
        host=settings.host,
        port=settings.port,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=FINISH_REQUESTS_S,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
