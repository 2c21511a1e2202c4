"""The table on paper."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby

from tests.integration.money_table import Cell
from tests.integration.money_table_rows import NOT_HERE, Core, Row

__all__ = ("Table", "printed")

Table = Mapping[tuple[Row, Core], Cell | str]
"""What came of each cell, or why it cannot be."""

LEGEND = "each cell: how often it took effect in core / what the member was told of it / what is left in Redis"


def printed(write: str, table: Table) -> Iterator[str]:
    """The lines of one write's table; rows that are not in its turn stand together at the end of their group."""
    rows = list(dict.fromkeys(row for row, _ in table))
    elsewhere = [row for row in rows if all(table[row, core] == NOT_HERE for core in Core)]
    shown = [row for row in rows if row not in elsewhere]
    first = max(len(row.title) for row in shown)
    widths = [max(len(str(table[row, core])) for row in shown) for core in Core]
    yield ""
    yield f"{write}   ({LEGEND})"
    yield "  ".join([" " * first, *(core.ljust(width) for core, width in zip(Core, widths, strict=True))]).rstrip()
    for group, members in groupby(rows, key=lambda row: row.group):
        missing = []
        for row in members:
            if row in elsewhere:
                missing.append(row.what)
                continue
            cells = (str(table[row, core]).ljust(width) for core, width in zip(Core, widths, strict=True))
            yield "  ".join([row.title.ljust(first), *cells]).rstrip()
        if missing:
            yield f"{group} · {NOT_HERE}: {', '.join(missing)}"
