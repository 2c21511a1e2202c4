"""`python -m service`: run the bot."""

from __future__ import annotations

import signal
import sys

import uvicorn

from service.app import Parts, Service
from service.logs import configure
from service.settings import SettingsError, load

FINISH_REQUESTS_S = 4
"""Webhooks in progress get this long at SIGTERM, before the workers' own time begins: 25 s in all."""


def main() -> int:
    """Run until told to stop; 2 when the configuration is wrong."""
    try:
        settings = load()
    except SettingsError as error:
        print(error, file=sys.stderr)  # noqa: T201 - there is no log before there are settings
        return 2
    # uvicorn ends in order and then raises the signal once more: to have been told to stop is no failure.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    configure(debug=settings.debug)
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
