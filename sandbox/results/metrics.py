"""Metrics of what was delivered, by name. A new metric is a function here.

A metric is a number about a selection of delivery lines at the present moment of a world: an amount in
units of currency, a count, or a share between 0 and 1. ``None`` says that it has no value (a rate of
nothing).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.core.money import MICROS
from sandbox.core.registry import Registry

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sandbox.delivery import Line, Totals
    from sandbox.kernel.world import World


@dataclass(slots=True)
class Selection:
    """The lines that a metric is about, what each has delivered up to now, and their world."""

    world: World
    lines: list[Line]
    totals: list[Totals]

    def sum(self, counter: str) -> int:
        """The sum of a counter of :class:`~sandbox.delivery.Totals` over the lines."""
        return sum(getattr(total, counter) for total in self.totals)

    def budget(self) -> int:
        """The budgets of the lines in micros."""
        return sum(line.budget_micros for line in self.lines)

    def exposures_of_users(self) -> NDArray[Any]:
        """How many impressions each user has had who had any, in no particular order."""
        import numpy as np

        if not self.lines:
            return np.zeros(0, dtype=np.int64)
        engine = self.world.market.engine
        log = engine.log.arrays()
        wanted = {chosen.line_id for chosen in self.lines}
        numbers = [number for number, known in enumerate(engine.lines) if known.line_id in wanted]
        return np.asarray(np.unique(log.user[np.isin(log.line, numbers)], return_counts=True)[1])


Metric = Callable[[Selection], float | int | None]

SELECTORS = ("campaign", "advertiser", "media_buy", "package", "seller", "publisher")
"""What a metric can be limited to."""

METRICS: Registry[Metric] = Registry("metric")
"""All metrics by name."""


def measure(world: World, name: str, selectors: Mapping[str, Any]) -> float | int | None:
    """The value of a metric now, over the lines that all ``selectors`` leave.

    Selectors are :data:`SELECTORS` with an id each; a line belongs to a publisher if all its placements do.
    Raises :class:`InputError` for an unknown metric.
    """
    lines = [line for line in world.market.lines() if _selected(world, line, selectors)]
    selection = Selection(world, lines, [world.market.totals(line.line_id) for line in lines])
    return METRICS.get(name)(selection)


def _selected(world: World, line: Line, selectors: Mapping[str, Any]) -> bool:
    owned = {
        "campaign": (line.campaign_id,),
        "advertiser": (line.advertiser_id,),
        "media_buy": (line.media_buy_id, *line.group_ids),
        "package": (line.line_id,),
        "seller": (line.seller_id,),
    }
    for name, wanted in selectors.items():
        if name == "publisher":
            if not set(line.placement_ids) <= _placements_of(world, str(wanted)):
                return False
        elif str(wanted) not in owned[name]:
            return False
    return True


def _placements_of(world: World, publisher_id: str) -> set[str]:
    """The placements that an actor offers, by what it shows as ``offers`` (see ``domain.inventory``)."""
    return {offer.placement_id for offer in getattr(world.actors.get(publisher_id), "offers", ())}


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


@METRICS.register("spend")
def spend(selection: Selection) -> float:
    """What was spent, in units of currency."""
    return selection.sum("spend_micros") / MICROS


@METRICS.register("budget")
def budget(selection: Selection) -> float:
    """The budgets of the lines, in units of currency."""
    return selection.budget() / MICROS


@METRICS.register("impressions")
def impressions(selection: Selection) -> int:
    """Impressions served."""
    return selection.sum("impressions")


@METRICS.register("viewable")
def viewable(selection: Selection) -> int:
    """Impressions that were viewable."""
    return selection.sum("viewable")


@METRICS.register("clicks")
def clicks(selection: Selection) -> int:
    """Clicks."""
    return selection.sum("clicks")


@METRICS.register("views")
def views(selection: Selection) -> int:
    """Views of video and audio."""
    return selection.sum("views")


@METRICS.register("completed_views")
def completed_views(selection: Selection) -> int:
    """Views up to the end."""
    return selection.sum("completed_views")


@METRICS.register("conversions")
def conversions(selection: Selection) -> int:
    """Conversions."""
    return selection.sum("conversions")


@METRICS.register("engagements")
def engagements(selection: Selection) -> int:
    """Engagements."""
    return selection.sum("engagements")


@METRICS.register("conversion_value")
def conversion_value(selection: Selection) -> float:
    """What the conversions were worth, in units of currency."""
    return selection.sum("conversion_value_micros") / MICROS


@METRICS.register("roas")
def roas(selection: Selection) -> float | None:
    """Value of conversions per unit of currency spent."""
    return _ratio(selection.sum("conversion_value_micros"), selection.sum("spend_micros"))


@METRICS.register("beyond_caps")
def beyond_caps(selection: Selection) -> int:
    """Impressions that a cap of campaign or advertiser would have stopped if all publishers knew all people.

    What an identity graph with a match rate below 1 lets through; one impression can be beyond both caps.
    """
    if not selection.lines:
        return 0
    selection.world.market.settle()
    counts = selection.world.market.engine.beyond_caps()
    entities = {("campaign", line.campaign_id) for line in selection.lines}
    entities |= {("advertiser", line.advertiser_id) for line in selection.lines}
    return sum(counts.get(entity, 0) for entity in sorted(entities))


@METRICS.register("ecpm")
def ecpm(selection: Selection) -> float | None:
    """What 1,000 impressions have cost, in units of currency."""
    return _ratio(1_000 * selection.sum("spend_micros") / MICROS, selection.sum("impressions"))


@METRICS.register("ctr")
def ctr(selection: Selection) -> float | None:
    """Clicks per impression."""
    return _ratio(selection.sum("clicks"), selection.sum("impressions"))


@METRICS.register("completion_rate")
def completion_rate(selection: Selection) -> float | None:
    """Completed views per view."""
    return _ratio(selection.sum("completed_views"), selection.sum("views"))


@METRICS.register("viewability")
def viewability(selection: Selection) -> float | None:
    """Viewable impressions per impression."""
    return _ratio(selection.sum("viewable"), selection.sum("impressions"))


@METRICS.register("utilisation")
def utilisation(selection: Selection) -> float | None:
    """Spend as a share of the budgets."""
    return _ratio(selection.sum("spend_micros"), selection.budget())


@METRICS.register("overspend")
def overspend(selection: Selection) -> float:
    """What lines spent beyond their own budgets, in units of currency."""
    pairs = zip(selection.lines, selection.totals, strict=True)
    return sum(max(0, total.spend_micros - line.budget_micros) for line, total in pairs) / MICROS


@METRICS.register("pacing_error")
def pacing_error(selection: Selection) -> float | None:
    """How far spend is from an even one at this moment, as a share of the budgets."""
    now_ms, due = selection.world.now, 0.0
    for line in selection.lines:
        passed = (now_ms - line.start_ms) / max(1, line.end_ms - line.start_ms)
        due += line.budget_micros * min(1.0, max(0.0, passed))
    return _ratio(abs(selection.sum("spend_micros") - due), selection.budget())


@METRICS.register("reach")
def reach(selection: Selection) -> int:
    """Distinct users who had an impression."""
    return int(selection.exposures_of_users().size)


@METRICS.register("frequency")
def frequency(selection: Selection) -> float | None:
    """Impressions per user reached."""
    return _ratio(selection.sum("impressions"), selection.exposures_of_users().size)


@METRICS.register("max_frequency")
def max_frequency(selection: Selection) -> int:
    """The most impressions that one user had."""
    counts = selection.exposures_of_users()
    return int(counts.max()) if counts.size else 0


@METRICS.register("lines")
def lines(selection: Selection) -> int:
    """Delivery lines (packages) that were opened."""
    return len(selection.lines)


@METRICS.register("opportunities")
def opportunities(selection: Selection) -> int:
    """Opportunities decided in the whole world, whatever the selection."""
    return selection.world.market.opportunities
