"""`explore`: worlds from seeds, with faults everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import click

from simulator.cli.options import jobs_option, json_option, no_color_option

__all__ = ("explore_command",)

EXAMPLES: Final = """\b
Examples:
  python -m simulator explore
  python -m simulator explore --seed 42 --worlds 1
  python -m simulator explore --minutes 60 --keep-going
  python -m simulator explore --people 12 --turns 300 --worlds 4
  python -m simulator explore --faults kills,hurry

Each world has 1 to 3 processes of the bot over one Redis and, unless you say otherwise, 2 to 5 people
(half of the worlds have 2) who act 3 to 60 times (14 on average), and each kind of fault with a
probability of one half.

Exit codes: 0 all invariants hold, 1 at least one is violated, 2 wrong usage."""


class _WithTables(click.Command):
    """Its help lists the kinds of faults and the invariants, which are imported only for that."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        from simulator.cli.runners.explore import help_tables

        self.epilog = f"{help_tables()}\n\n{EXAMPLES}"
        super().format_epilog(ctx, formatter)


def _faults(_: click.Context, __: click.Parameter, text: str) -> frozenset[str] | None:
    from simulator.explore.options import UnknownKindError, read_kinds

    try:
        return read_kinds(text)
    except UnknownKindError as error:
        raise click.BadParameter(str(error)) from error


@click.command("explore", cls=_WithTables, short_help="Inject every fault into worlds from seeds: do promises hold?")
@click.option("--worlds", type=click.IntRange(1), help="How many.  [default: 1,000, or as many as --minutes allow]")
@click.option("--minutes", type=click.FloatRange(0, min_open=True), help="Begin no world later than this.")
@click.option("--seed", type=click.IntRange(0), help="Of the first world; the others follow.  [default: random]")
@click.option("--people", type=click.IntRange(2, 50), help="How many take part in each world.")
@click.option("--turns", type=click.IntRange(1, 10_000), help="How often they act in each world.")
@click.option("--faults", default="all", show_default=True, callback=_faults, metavar="KIND,KIND|none|all")
@click.option("--lossy", is_flag=True, help="The state Redis may lose its last writes: count what is lost with them.")
@jobs_option
@click.option("--keep-going", is_flag=True, help="Do not stop at the first world with a broken promise.")
@click.option(
    "--save",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("explored"),
    show_default=True,
    help="Write worlds with broken promises there as conversations, as they were and shrunk.",
)
@click.option(
    "--shrink/--no-shrink", "shrinking", default=True, show_default=True, help="Shrink the first three of them."
)
@click.option("--small/--no-small", "shrinking", default=True, hidden=True)  # its name until November 2026
@json_option
@no_color_option
@click.pass_obj
def explore_command(run_bot: Any, /, **options: Any) -> None:
    """Run whole worlds from seeds, inject every kind of fault, and check the invariants after every step.

    A world is a function of its seed: people, WhatsApp, processes of the bot, Redis, Credex core, time and chance. For
    a world that violates an invariant, a command line is printed that repeats it.
    """
    from simulator.cli.runners.explore import run

    run(run_bot=run_bot, **options)
