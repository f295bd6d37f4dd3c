"""How all pictures look: few lines, few colours, names at the lines themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

INK = "#222222"
QUIET = "#8a8a8a"
FAINT = "#e3e3e3"
COLOURS = ("#2f5d8c", "#c8643c", "#4f8a5b", "#8a5a97", "#b8952e", "#4a9aa5", "#a6485b", "#6b6f3a")
"""Colours that people with a colour vision deficiency can tell apart too; they begin again after the last."""

DPI = 110

_SETTINGS: Any = {
    "font.size": 10,
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 12,
    "axes.labelcolor": QUIET,
    "axes.edgecolor": QUIET,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": FAINT,
    "text.color": INK,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "lines.linewidth": 1.8,
}


def colour(number: int) -> str:
    """The colour of a thing by its number."""
    return COLOURS[number % len(COLOURS)]


@contextmanager
def canvas(ax: Axes | None, title: str, width: float = 8.0, height: float = 4.2) -> Iterator[Axes]:
    """Axes to draw into, in the common style: those that are given, or those of a new figure (in inches)."""
    import matplotlib.pyplot as plt

    figure = None if ax is not None else _figure(width, height)
    with plt.rc_context(_SETTINGS):
        drawn = figure.subplots() if figure is not None else ax
        assert drawn is not None
        drawn.set_title(title, loc="left")
        yield drawn


def _figure(width: float, height: float) -> Figure:
    """A new figure. It is made outside of the context: a notebook's backend, which is loaded by the first figure,
    would lose its settings when the context ends.
    """
    import matplotlib.pyplot as plt

    return plt.figure(figsize=(width, height), dpi=DPI, layout="constrained")


def row(count: int, width: float = 10.0, height: float = 3.8) -> list[Axes]:
    """Axes beside each other in the common style, for pictures that are to be compared (sizes in inches)."""
    import matplotlib.pyplot as plt

    figure = _figure(width, height)
    with plt.rc_context(_SETTINGS):
        return list(figure.subplots(1, count, squeeze=False)[0])


def key(ax: Axes, handles: Sequence[Any]) -> None:
    """What colours and lines mean, in one row between title and picture."""
    ax.set_title(ax.get_title(loc="left"), loc="left", pad=30)
    ax.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        ncols=len(handles),
        frameon=False,
        labelcolor=QUIET,
        handlelength=1.6,
        columnspacing=1.4,
        borderaxespad=0.3,
        borderpad=0.0,
    )


def dates(ax: Axes) -> None:
    """An axis of dates with as few words as possible."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(maxticks=8)  # type: ignore[no-untyped-call]
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]


def thousands(axis: Any) -> None:
    """Numbers with commas."""
    from matplotlib.ticker import StrMethodFormatter

    axis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))


def percent(axis: Any) -> None:
    """Fractions as percentages."""
    from matplotlib.ticker import PercentFormatter

    axis.set_major_formatter(PercentFormatter(1.0, decimals=0))


class End(NamedTuple):
    """The end of a line in data coordinates, and what to write there."""

    x: Any
    y: float
    text: str
    colour: str


def label_ends(ax: Axes, ends: Sequence[End]) -> None:
    """Write the name of each line to the right of its end. Names that would overlap are moved apart.

    Called last, when the limits of the axes are final.
    """
    figure = ax.get_figure()
    assert figure is not None
    line_height = 1.35 * 10 / 72 * figure.dpi  # pixels of a line of text of 10 points
    ordered = sorted(ends, key=lambda end: end.y)
    wanted = [float(ax.transData.transform((0, end.y))[1]) for end in ordered]
    for end, place, at in zip(ordered, apart(wanted, line_height), wanted, strict=True):
        moved = (place - at) / figure.dpi * 72
        _write(ax, end, moved)


def _write(ax: Axes, end: End, moved: float) -> Text:
    return ax.annotate(
        end.text,
        (end.x, end.y),
        xytext=(6, moved),
        textcoords="offset points",
        color=end.colour,
        va="center",
        annotation_clip=False,
    )


def apart(places: Sequence[float], gap: float) -> list[float]:
    """Rising places moved as little as needed to be ``gap`` from each other: neighbours that touch share a centre."""
    groups: list[list[float]] = []
    for place in places:
        groups.append([place])
        while len(groups) > 1 and _low(groups[-1], gap) - _high(groups[-2], gap) < gap:
            groups[-2:] = [groups[-2] + groups[-1]]
    return [_low(group, gap) + number * gap for group in groups for number in range(len(group))]


def _low(group: list[float], gap: float) -> float:
    return sum(group) / len(group) - gap * (len(group) - 1) / 2


def _high(group: list[float], gap: float) -> float:
    return sum(group) / len(group) + gap * (len(group) - 1) / 2


def nothing(ax: Axes, text: str) -> Axes:
    """Say in the picture that there is nothing to show."""
    ax.text(0.5, 0.5, text, transform=ax.transAxes, ha="center", va="center", color=QUIET)
    ax.set_axis_off()
    return ax
