"""Runs `conformance`."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Sequence
from typing import Final

import click
import httpx
from rich.console import Console
from rich.table import Table
from rich.text import Text

from simulator.cli.output import DIFFERENT, console, keep_logs_quiet
from simulator.whatsapp_cloud.conformance import Case, CaseResult, RemoteServer, cases, run_remote, run_simulated

__all__ = ("run",)

_WIDEST_PLAIN: Final = 200


def run(
    kinds: tuple[str, ...],
    *,
    failed: bool,
    url: str | None,
    token: str | None,
    phone: str | None,
    as_json: bool,
    no_color: bool,
) -> None:
    """Send the requests, and print the rows."""
    keep_logs_quiet(logs=False)
    chosen = _chosen(kinds)
    rows = run_simulated(chosen) if url is None else _elsewhere(url, token, phone, chosen)
    shown = [row for row in rows if not (failed and row.passed)]
    right = sum(row.passed for row in rows)
    if as_json:
        result = {"rows": [row.json() for row in shown], "tried": len(rows), "right": right}
        click.echo(json.dumps(result, ensure_ascii=False, indent=2))
    else:
        _print(console(no_color=no_color), shown, rows)
    sys.exit(0 if right == len(rows) else DIFFERENT)


def _chosen(kinds: Sequence[str]) -> list[Case]:
    known = list(dict.fromkeys(case.kind for case in cases()))
    for kind in kinds:
        if kind not in known:
            raise click.UsageError(f"there is no kind {kind!r}; the kinds are: {', '.join(known)}")
    return cases(kinds)


def _elsewhere(url: str, token: str | None, phone: str | None, chosen: Sequence[Case]) -> list[CaseResult]:
    if token is None or phone is None:
        raise click.UsageError("--url needs --token and --phone, too")
    try:
        return asyncio.run(run_remote(RemoteServer(url, token, phone), chosen))
    except httpx.HTTPError as error:
        raise click.ClickException(f"no answer from {url} ({error}); nothing more was sent") from error


def _print(out: Console, shown: Sequence[CaseResult], rows: Sequence[CaseResult]) -> None:
    if shown:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for name in ("", "kind", "rule", "expected", "given", "what the error says"):
            table.add_column(name, no_wrap=name != "rule", overflow="ellipsis" if name.startswith("what") else "fold")
        for row in shown:
            table.add_row(*_cells(row))
        if not out.is_terminal:
            out.width = _WIDEST_PLAIN
        out.print(table)
    tried = Counter(row.case.kind for row in rows)
    wrong = Counter(row.case.kind for row in rows if not row.passed)
    counted = ", ".join(f"{kind} {number}" for kind, number in tried.items())
    out.print(Text(f"\n{len(rows)} rows: {counted}", "grey50"), soft_wrap=True)
    if wrong:
        failed = ", ".join(f"{kind} {number}" for kind, number in wrong.items())
        out.print(
            Text(f"{wrong.total()} of {len(rows)} rows are not as expected: {failed}", "bold red"), soft_wrap=True
        )
    else:
        out.print(Text(f"all {len(rows)} rows are as expected", "bold green"), soft_wrap=True)


def _cells(row: CaseResult) -> tuple[Text, ...]:
    case, given = row.case, row.observed
    style = "" if row.passed else "bold red"
    return (
        Text("✓", "green") if row.passed else Text("✗", "bold red"),
        Text(case.kind),
        Text(case.rule),
        Text(_code(case.code, later=case.later), style),
        Text(_code(given.code, later=given.later), style),
        Text(given.text, "grey50"),
    )


def _code(code: int | None, *, later: bool) -> str:
    return "accepted" if code is None else f"{code} later" if later else str(code)
