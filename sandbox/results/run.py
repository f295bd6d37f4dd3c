"""A finished run to look at: what :func:`sandbox.run` gives back."""

from __future__ import annotations

from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.core.files import replacing
from sandbox.core.money import MICROS
from sandbox.results import frames, tables
from sandbox.results.names import names_of
from sandbox.results.plots import Plots

if TYPE_CHECKING:
    from pandas import DataFrame

    from sandbox.kernel.world import World
    from sandbox.results.result import RunResult
    from sandbox.results.tables import Row


class Run:
    """One run as DataFrames and pictures. Times are UTC; money is exact in ``…_micros``, and a float beside it.

    ``outcome`` is the :class:`~sandbox.results.result.RunResult` itself, with trace, judgements and counts.
    """

    def __init__(self, outcome: RunResult) -> None:
        self.outcome = outcome

    def __repr__(self) -> str:
        outcome = self.outcome
        held = sum(judgement.held for judgement in outcome.expectations)
        return (
            f"<{outcome.scenario}, seed {outcome.seed}: {outcome.status}, {held} of {len(outcome.expectations)} "
            f"held, {outcome.impressions:,} impressions, spend {outcome.spend_micros / MICROS:,.2f}>"
        )

    @property
    def status(self) -> str:
        """``passed`` if every expectation held and no checker found a breach, else ``failed``."""
        return self.outcome.status

    @property
    def digest(self) -> str:
        """SHA-256 of the trace: equal digests are equal runs."""
        return self.outcome.digest

    @property
    def world(self) -> World:
        """The world as the run left it. ``ValueError`` if it was not kept."""
        if self.outcome.world is None:
            raise ValueError("the world of this run was not kept")
        return self.outcome.world

    def summary(self) -> dict[str, Any]:
        """The run in short, as ``adcp-sandbox run --json`` prints it."""
        return self.outcome.summary()

    def write(self, folder: str | Path, exposures: bool = False) -> None:
        """Write the run as ``--out`` does, and with ``exposures`` every impression as Parquet as well."""
        target = Path(folder)
        target.mkdir(parents=True, exist_ok=True)
        tables.write(self.outcome, target)
        if exposures:
            with replacing(target / "exposures.parquet") as part:
                self.exposures().to_parquet(part)

    # -- tables ------------------------------------------------------------------------------------------

    @cached_property
    def names(self) -> dict[str, str]:
        """The names of campaigns and creatives by id."""
        return names_of(self.outcome.trace.events)

    @cached_property
    def messages(self) -> DataFrame:
        """Every request, answer, lost request and webhook attempt; bodies are JSON text."""
        return self._frame("messages")

    @cached_property
    def statuses(self) -> DataFrame:
        """Every change of status."""
        return self._frame("statuses")

    @cached_property
    def decisions(self) -> DataFrame:
        """Every decision of an actor."""
        return self._frame("decisions")

    @cached_property
    def expectations(self) -> DataFrame:
        """What was promised and what came of it."""
        return self._frame("expectations")

    @cached_property
    def lines(self) -> DataFrame:
        """Delivery lines (packages) and their terms at the end, by ``line_id``."""
        _installed("pandas")
        return frames.line_frame(self.world, self.names)

    @cached_property
    def terms(self) -> DataFrame:
        """Every change of a line's terms: ``at``, ``seller``, ``line_id``, ``budget``, ``active``, ``why`` and more."""
        _installed("pandas")
        return frames.terms_frame(self.outcome.trace.of("line"))

    @cached_property
    def deliveries(self) -> DataFrame:
        """What each line delivered in each hour, with its media buy, campaign and publishers."""
        terms = self.lines[["media_buy_id", "campaign_id", "campaign", "publishers"]]
        return self._frame("deliveries").join(terms, on="line_id")

    def by_package(self) -> DataFrame:
        """Terms and deliveries of each line; see :func:`~sandbox.results.frames.by_package`."""
        return frames.by_package(self.lines, self.deliveries)

    def by_creative(self) -> DataFrame:
        """What each creative delivered, with its ``name``; see :func:`~sandbox.results.frames.by`."""
        made = frames.by("creative_id", self.exposures(), self._flat())
        made.insert(0, "name", [self.names.get(creative_id, creative_id) for creative_id in made.index])
        return made

    def by_publisher(self) -> DataFrame:
        """What was delivered at each publisher; see :func:`~sandbox.results.frames.by`."""
        return frames.by("publisher", self.exposures(), self._flat())

    def exposures(self) -> DataFrame:
        """Every impression; see :func:`~sandbox.results.exposure_frame.exposure_frame`. Made when first asked for."""
        return self._exposures

    @cached_property
    def plot(self) -> Plots:
        """Pictures of the run: ``result.plot.spend()``."""
        _installed("pandas", "matplotlib")
        return Plots(self)

    @cached_property
    def _tables(self) -> dict[str, list[Row]]:
        return tables.tables(self.outcome)

    def _frame(self, name: str) -> DataFrame:
        _installed("pandas")
        return frames.frame(name, self._tables[name])

    @cached_property
    def _exposures(self) -> DataFrame:
        from sandbox.results.exposure_frame import exposure_frame

        _installed("pandas")
        return exposure_frame(self.world)

    def _flat(self) -> dict[str, int]:
        """What each line with a flat rate has cost, in micros."""
        market = self.world.market
        flat = [line.line_id for line in market.lines() if line.price.model == "flat_rate"]
        return {line_id: market.totals(line_id).spend_micros for line_id in flat}


def _installed(*packages: str) -> None:
    """Raise ``ModuleNotFoundError`` that says what to install, where a package of the extra ``notebook`` is missing."""
    for package in packages:
        if find_spec(package) is None:
            raise ModuleNotFoundError(
                f"tables and pictures need {package}: install the extra `notebook` (pip install -e '.[notebook]')",
                name=package,
            )
