"""One style for all plots: readable in greyscale and by colour-blind readers, with units and n, deterministic.

Use it as ``with styled(): figure, axes = subplots(); …; return picture(figure, "what it shows, in words")``.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import ScalarFormatter, StrMethodFormatter

from notebooks.review.pictures import FONT, Picture

__all__ = ("SERIES", "TONES", "label", "picture", "styled", "subplots")

INK: Final = "#222222"
QUIET: Final = "#767676"

SERIES: Final = tuple(
    MappingProxyType({"color": colour, "linestyle": line, "marker": marker})
    for colour, line, marker in (
        ("#0a3d62", "-", "o"),
        ("#c0504d", "--", "s"),
        ("#5a9bd4", "-.", "^"),
        ("#b8860b", ":", "D"),
        ("#444444", (0, (5, 1, 1, 1, 1, 1)), "v"),
        ("#66a182", (0, (1, 1)), "X"),
    )
)
"""Line styles, distinguishable without colour. Usage: ``**SERIES[0]``."""

TONES: Final = tuple(
    MappingProxyType({"facecolor": colour, "hatch": hatch, "edgecolor": INK, "linewidth": 0.6})
    for colour, hatch in (
        ("#0a3d62", ""),
        ("#9dc3e6", "//"),
        ("#f4d58d", ".."),
        ("#c0504d", "xx"),
        ("#e8e8e8", ""),
        ("#66a182", "\\\\"),
        ("#b39bc8", "++"),
    )
)
"""Fill styles; neighbours differ in lightness and hatching. Usage: ``**TONES[0]``."""

_STYLE: Final[Mapping[Any, Any]] = MappingProxyType(
    {
        "figure.facecolor": "white",
        "figure.constrained_layout.use": True,
        "savefig.facecolor": "white",
        "font.family": "DejaVu Sans",
        "font.size": 10,
        "text.color": INK,
        "axes.edgecolor": QUIET,
        "axes.labelcolor": INK,
        "axes.titlesize": 11,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": "#e3e3e3",
        "grid.linewidth": 0.7,
        "hatch.linewidth": 0.6,
        "lines.linewidth": 1.8,
        "lines.markersize": 5,
        "legend.frameon": False,
        "xtick.color": INK,
        "ytick.color": INK,
        "svg.fonttype": "none",
        "svg.hashsalt": "vimbisopay",
    }
)


_LINES: Final = 'stroke-linejoin="round" stroke-linecap="butt"'
"""The style that matplotlib puts into a style sheet for all lines."""


@contextmanager
def styled() -> Iterator[None]:
    """Apply the style to the plots made within the context."""
    with mpl.rc_context({**mpl.rcParamsDefault, **_STYLE, "backend": "svg"}):
        yield


def subplots(
    rows: int = 1, columns: int = 1, *, width: float = 8.0, height: float = 3.6, **how: Any
) -> tuple[Figure, Any]:
    """A figure of this size in inches, with its axes; `picture` makes it visible."""
    figure = Figure(figsize=(width, height))
    return figure, figure.subplots(rows, columns, **how)


def label(axes: Axes, *, x: str, y: str, title: str, n: int | None = None) -> None:
    """Label a plot: both axes with units, the claim as the title, and the sample size."""
    for axis in (axes.xaxis, axes.yaxis):
        if isinstance(axis.get_major_formatter(), ScalarFormatter):
            axis.set_major_formatter(StrMethodFormatter("{x:,g}"))
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.set_title(title + (f"  (n = {n:,})" if n is not None else ""))


def picture(figure: Figure, words: str) -> Picture:
    """The figure as a picture; `words` describe it and serve for the comparison."""
    file = io.StringIO()
    with styled():
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": "matplotlib"})
    svg = _without_styles(file.getvalue().replace("'DejaVu Sans'", FONT))
    # The check compares the words, because coordinates depend on matplotlib's version and the processor.
    return Picture(svg[svg.index("<svg") :].replace(">", "><!-- Created with matplotlib -->", 1), words)


def _without_styles(svg: str) -> str:
    """Replace styles by attributes, because some repository pages remove styles."""
    svg = re.sub(r"<(metadata|style)\b.*?</\1>\s*", "", svg, flags=re.DOTALL)
    return re.sub(r' style="([^"]*)"', _as_attributes, svg).replace("<svg ", f"<svg {_LINES} ", 1)


def _as_attributes(style: re.Match[str]) -> str:
    named = (each.partition(":") for each in style[1].split(";") if each.strip())
    return "".join(f' {name.strip()}="{value.strip()}"' for name, _, value in named)
