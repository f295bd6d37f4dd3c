"""The graph of the ecosystem."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.results.plots.style import INK, QUIET, canvas, colour, key

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sandbox.results.run import Run

COLUMNS = {"publisher": "publishers", "seller": "sales agents", "buyer": "buyer"}
"""The roles from left to right, and what stands over them; other roles follow under their own names."""

_WORDS = {"sold_by": "sold by", "authorised_for": "may be called by"}
_STYLES: dict[str, Any] = {"sold_by": "solid", "authorised_for": (0, (4, 2))}


def draw(run: Run, ax: Axes | None) -> Axes:
    """Actors in columns by role, and what leads from one to another: solid is ``sold by``, dashed ``may be called
    by``. The driver of the scenario is left out.
    """
    from matplotlib.lines import Line2D

    graph = run.world.ecosystem.graph
    columns: dict[str, list[str]] = {role: [] for role in COLUMNS}
    for actor, data in graph.nodes(data=True):
        if data["role"] != "driver":
            columns.setdefault(data["role"], []).append(actor)
    filled = {role: actors for role, actors in columns.items() if actors}
    most = max((len(actors) for actors in filled.values()), default=1)
    with canvas(ax, "The ecosystem", height=max(2.4, 1.2 + 0.45 * most)) as drawn:
        places = _places(filled, most)
        for source, target, relation in graph.edges(keys=True):
            if source in places and target in places:
                _edge(drawn, places[source], places[target], relation)
        for number, (role, actors) in enumerate(filled.items()):
            drawn.text(number, -1.0, COLUMNS.get(role, role), ha="center", color=QUIET)
            for actor in actors:
                box = {"boxstyle": "round,pad=0.35", "facecolor": "white", "edgecolor": colour(number)}
                drawn.text(*places[actor], actor, ha="center", va="center", color=INK, bbox=box, zorder=3)
        drawn.set_xlim(-0.5, len(filled) - 0.5)
        drawn.set_ylim(most - 0.3, -1.4)
        drawn.set_axis_off()
        handles = [Line2D([], [], color=QUIET, linestyle=_STYLES[r], linewidth=0.9, label=_WORDS[r]) for r in _WORDS]
        key(drawn, handles)
        return drawn


def _places(columns: dict[str, list[str]], most: int) -> dict[str, tuple[float, float]]:
    """Where each actor stands: a column a role, spread over the height."""
    places: dict[str, tuple[float, float]] = {}
    for x, actors in enumerate(columns.values()):
        step = most / len(actors)
        places.update({actor: (float(x), (row + 0.5) * step - 0.5) for row, actor in enumerate(actors)})
    return places


def _edge(ax: Axes, start: tuple[float, float], end: tuple[float, float], relation: str) -> None:
    """A line with an arrow; one that goes back to the left, or over a column, is bent out of the way."""
    bend = 0.0 if end[0] - start[0] == 1 else 0.25
    ax.annotate(
        "",
        end,
        start,
        arrowprops={
            "arrowstyle": "-|>",
            "color": QUIET,
            "linewidth": 0.9,
            "linestyle": _STYLES[relation],
            "shrinkA": 28,
            "shrinkB": 34,
            "connectionstyle": f"arc3,rad={bend}",
        },
    )
