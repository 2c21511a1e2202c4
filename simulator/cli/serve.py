"""`serve`: a stand-alone server for bots in development."""

from __future__ import annotations

import asyncio
import errno
import secrets
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import click

from simulator.cli.options import keep_logs_quiet
from simulator.credex_core import Quirks
from simulator.errors import SimulatorError
from simulator.whatsapp_cloud import Rule, RuleError, read_words

__all__ = ("serve_command",)

EXAMPLES: Final = """\b
Examples:
  python -m simulator serve
  python -m simulator serve --bot http://127.0.0.1:8000 --state world.json
  python -m simulator serve --fault "on=messages do=hang taken=true" --fault "on=webhooks do=duplicate times=always"
  python -m simulator serve --quirk empty_as_object --quirk low_high_integers

\b
Then, with any HTTP client:
  curl -d '{"phone": "+263 77 123 4567", "name": "Tariro Moyo"}' http://127.0.0.1:8001/control/people
  curl -d '{"text": "hi", "wait_ms": 5000}' http://127.0.0.1:8001/control/people/263771234567/type
  curl -d '{"choice": "Become a member", "wait_ms": 5000}' http://127.0.0.1:8001/control/people/263771234567/tap
  curl http://127.0.0.1:8001/control/people/263771234567/screen
  curl -d '{"on": "messages", "do": "refuse", "code": 131056}' http://127.0.0.1:8001/control/faults

\b
http://127.0.0.1:8001/schema lists all there is. SIGTERM or Ctrl-C saves the state and ends."""


def _rule(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> tuple[Rule, ...]:
    try:
        return tuple(read_words(text) for text in given)
    except RuleError as error:
        raise click.BadParameter(str(error)) from error


def _quirks(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> Quirks | None:
    if not given:
        return None
    unknown = sorted(set(given) - set(Quirks.__dataclass_fields__))
    if unknown:
        known = ", ".join(Quirks.__dataclass_fields__)
        raise click.BadParameter(f"core is not known for {', '.join(unknown)}; it is for {known}")
    switches: dict[str, Any] = {name: type(getattr(Quirks(), name))(1) for name in given}
    return Quirks(**switches)


def _bot(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    for url in given:
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname or parts.path.strip("/"):
            raise click.BadParameter(f"{url!r} is not the address of a bot; for example: http://127.0.0.1:8000")
    return given


@click.command("serve", epilog=EXAMPLES, short_help="Serve WhatsApp, Credex core and people to a bot elsewhere.")
@click.option(
    "--bot",
    "bots",
    multiple=True,
    default=("http://127.0.0.1:8000",),
    show_default=True,
    callback=_bot,
    metavar="URL",
    help="Where the bot listens; several take turns. It need not run yet.",
)
@click.option("--port", default=8001, show_default=True, type=click.IntRange(0, 65535), help="0 for any that is free.")
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="The address to listen on; 0.0.0.0 in a container."
)
@click.option(
    "--state",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Read what it holds from this file, if it exists, and keep it there.",
)
@click.option(
    "--fault",
    "rules",
    multiple=True,
    callback=_rule,
    metavar="RULE",
    help="Let something go wrong: key=value pairs or JSON. Keys: on, do, to, kind, times, after, every, percent, ...",
)
@click.option("--quirk", "quirks", multiple=True, callback=_quirks, help="Let Credex core be odd in this way.")
@click.option("--seed", type=int, help="Of all ids; any other each time, unless given.")
def serve_command(
    *,
    bots: tuple[str, ...],
    port: int,
    host: str,
    file: Path | None,
    rules: tuple[Rule, ...],
    quirks: Quirks | None,
    seed: int | None,
) -> None:
    """Serve WhatsApp, Credex core and people with phones to a bot that runs as a process of its own."""
    from simulator.server.serve import serve  # noqa: PLC0415 - a web framework that no other command needs

    keep_logs_quiet(logs=False)
    # A bot remembers ids for days: the same ones once more would look to it like messages delivered twice.
    chosen = secrets.randbits(63) if seed is None else seed
    try:
        asyncio.run(
            serve(bots=bots, port=port, host=host, file=file, rules=rules, quirks=quirks, seed=chosen, say=_say)
        )
    except SimulatorError as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        other = "; --port chooses another one" if error.errno == errno.EADDRINUSE else ""
        raise click.ClickException(f"cannot listen on {host}:{port}: {error}{other}") from error


def _say(line: str) -> None:
    click.echo(line)
