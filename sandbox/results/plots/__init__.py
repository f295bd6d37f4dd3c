"""Pictures of a run, one file each. Every picture takes the run and axes to draw into, and gives the axes back."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sandbox.results.run import Run


class Plots:
    """The pictures of one run. ``ax`` are matplotlib axes to draw into; without them a new figure is made."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def spend(self, ax: Axes | None = None) -> Axes:
        """Spend against plan, both summed up over time."""
        from sandbox.results.plots.spend import draw

        return draw(self._run, ax)

    def pacing(self, ax: Axes | None = None) -> Axes:
        """The part of its budget that each package has spent, over time."""
        from sandbox.results.plots.pacing import draw

        return draw(self._run, ax)

    def reach(self, campaign: str | None = None, ax: Axes | None = None) -> Axes:
        """Different people reached by a number of impressions, at each publisher and in all.

        ``campaign`` is an id or a name; left out, the picture is about everything.
        """
        from sandbox.results.plots.reach import draw

        return draw(self._run, campaign, ax)

    def frequency(self, campaign: str | None = None, ax: Axes | None = None) -> Axes:
        """How many people had how many impressions; ``campaign`` as in :meth:`reach`."""
        from sandbox.results.plots.frequency import draw

        return draw(self._run, campaign, ax)

    def gantt(self, ax: Axes | None = None) -> Axes:
        """The status of each media buy over time."""
        from sandbox.results.plots.gantt import draw

        return draw(self._run, ax)

    def ecosystem(self, ax: Axes | None = None) -> Axes:
        """Who sells whose inventory, and who may call whom."""
        from sandbox.results.plots.ecosystem import draw

        return draw(self._run, ax)
