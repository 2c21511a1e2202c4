"""`matrix`: all conversations in all variant worlds."""

from __future__ import annotations

from typing import Any, Final

import click

from simulator.cli.options import jobs_option, json_option, no_color_option

__all__ = ("matrix_command",)

EXAMPLES: Final = """\b
Examples:
  python -m simulator matrix                              everything; takes minutes
  python -m simulator matrix offer --only webhooks-twice  one flow, each webhook delivered twice
  python -m simulator matrix --only all-of-form --only null_tier
  python -m simulator matrix --most 5                     five conversations drawn for each variant
  python -m simulator matrix --list                       the variants"""


def _known(_: click.Context, __: click.Parameter, names: tuple[str, ...]) -> tuple[str, ...]:
    if names:
        from simulator.matrix.variants import VARIANTS

        choice = click.Choice(list(VARIANTS))
        return tuple(choice.convert(name, None, None) for name in names)
    return names


@click.command("matrix", epilog=EXAMPLES, short_help="Play them in variant worlds: do members notice?")
@click.argument("names", nargs=-1, metavar="[FILES OR NAMES]...")
@click.option("--only", multiple=True, callback=_known, metavar="VARIANT", help="Only this variant; repeatable.")
@click.option("--most", type=click.IntRange(1), metavar="N", help="Draw only N conversations for each variant.")
@click.option("--list", "listing", is_flag=True, help="List the variants, and what members may notice of them.")
@jobs_option
@json_option
@no_color_option
def matrix_command(**options: Any) -> None:
    """Play conversations in variant worlds: members may notice only the listed differences, each with a reason."""
    from simulator.cli.runners.matrix import run

    run(**options)
