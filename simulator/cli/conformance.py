"""`conformance`: the Cloud API, limit by limit and rule by rule."""

from __future__ import annotations

from typing import Any, Final

import click

from simulator.cli.options import json_option, no_color_option

__all__ = ("conformance_command",)

EXAMPLES: Final = """\b
Examples:
  python -m simulator conformance                    every rule of the Cloud API
  python -m simulator conformance --kind list        those of list messages
  python -m simulator conformance --failed           only the rows that are not as expected
  python -m simulator conformance --url https://graph.example --token T --phone 123
                                                     against another server

With --url it really sends: use a number that may receive some hundred messages."""


@click.command("conformance", epilog=EXAMPLES, short_help="Try every limit of the simulated Cloud API.")
@click.option("--kind", "kinds", multiple=True, metavar="KIND", help="Only this kind of message or rule; repeatable.")
@click.option("--failed", is_flag=True, help="Show only the rows that are not as expected.")
@click.option("--url", metavar="URL", help="Try the server at this address instead of the simulated API.")
@click.option("--token", metavar="TOKEN", help="An access token for that server.")
@click.option("--phone", metavar="ID", help="The id of the phone number that it sends from.")
@json_option
@no_color_option
def conformance_command(**options: Any) -> None:
    """Try each limit of the Cloud API at its ends and beyond them, and each rule, over HTTP.

    A row is a request with the error code that Meta's documentation gives for it and the code that came: in the
    answer or, marked "later", in a failed status.
    """
    from simulator.cli.runners.conformance import run

    run(**options)
