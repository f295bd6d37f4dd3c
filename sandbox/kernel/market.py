"""Where the kernel meets the delivery engine: inventory, lines, buyer-side caps, hourly delivery events.

A control change (pause, budget, caps, creatives …) comes through here and takes effect at its own
millisecond: what happened before is decided and written to the trace first.

Buyer-side enforcement follows the specification's Identity Match (docs/trusted-match/buyer-guide.mdx): a
buyer that enforces its own caps must know a package before the package is eligible, so a line of such a
buyer waits until the buyer has bound its media buy to a campaign.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from sandbox.core.time import HOUR_MS, iso

if TYPE_CHECKING:
    from sandbox.delivery import Cap, Engine, Line, Placement, Slice, Targeting, Totals
    from sandbox.kernel.world import World


@dataclass(slots=True)
class Binding:
    """What a buyer knows of a media buy: the campaign it serves, and the budget groups it draws on."""

    campaign_id: str
    advertiser_id: str
    group_ids: tuple[str, ...] = ()


@dataclass(slots=True)
class _Held:
    """A line as its seller wants it, and whether the engine has it already."""

    owner: str
    buyer: str
    line: Line
    opened_ms: int
    in_engine: bool = False


class Market:
    """All inventory and all lines of a world, behind one delivery engine."""

    def __init__(
        self, world: World, users: int, activity_shape: float | None, segments: dict[str, float] | None = None
    ) -> None:
        self._world = world
        self.users = users
        self._activity_shape = activity_shape
        self._segments = dict(segments or {})
        self._engine: Engine | None = None
        self._lines: dict[str, _Held] = {}
        self._enforcing: set[str] = set()
        self._bindings: dict[tuple[str, str], Binding] = {}
        self._ticking = self._awaiting = self._quiet = False
        self._told = 0
        """Conversions that are in the trace."""

    @property
    def engine(self) -> Engine:
        """The delivery engine, made at first use."""
        if self._engine is None:
            from sandbox.delivery import Engine, Population

            population = Population(self.users, self._activity_shape, self._segments)
            self._engine = Engine(self._world.streams.derive("delivery"), self._world.start_ms, population, ())
        return self._engine

    # -- what publishers do ------------------------------------------------------------------------------

    def add_placements(self, placements: Sequence[Placement]) -> None:
        """Offer inventory; sales agents refer to it by ``placement_id``."""
        self.engine.add_placements(placements)

    # -- what sales agents do ----------------------------------------------------------------------------

    def open_line(self, owner: str, buyer: str, line: Line) -> None:
        """Open a delivery line for a package; ``buyer`` is the actor that bought it."""
        self._settle()
        self._lines[line.line_id] = _Held(owner, buyer, line, self._world.now)
        self._emit_line(line.line_id, "opened")
        self._admit(line.line_id)
        self._tick(line.line_id)

    def change_line(self, line_id: str, why: str, **fields: Any) -> None:
        """Change fields of a line (``active``, ``budget_micros``, ``end_ms``, ``creatives`` …) now."""
        held = self._lines[line_id]
        changed = {name: value for name, value in fields.items() if getattr(held.line, name) != value}
        if not changed:
            return
        self._settle()
        held.line = replace(held.line, **changed)
        if held.in_engine:
            self.engine.change_line(line_id, self._world.now, **changed)
        self._emit_line(line_id, why)
        self._tick(line_id)

    def set_segment(self, name: str, share: float) -> None:
        """Say which share of the people is in a segment of the population from now on; lines are aimed by its name.

        The people of a smaller share are among those of a larger one. ``ValueError`` unless it is from 0 to 1.
        """
        if not 0.0 <= share <= 1.0:
            raise ValueError(f"segment {name}: a share is from 0 to 1, not {share}")
        self._settle()
        self.engine.set_segment(name, share, self._world.now)

    def line(self, line_id: str) -> Line:
        """The present terms of a line."""
        return self._lines[line_id].line

    def forecast(self, placement_ids: Sequence[str], targeting: Targeting, start_ms: int, end_ms: int) -> float:
        """Opportunities to expect on these placements."""
        return self.engine.forecast(placement_ids, targeting, start_ms, end_ms)

    # -- what buyers do ----------------------------------------------------------------------------------

    def enforce(self, buyer: str) -> None:
        """From now on, lines of this buyer are eligible only once the buyer has bound their media buy."""
        self._enforcing.add(buyer)

    def bind(self, seller: str, media_buy_id: str, binding: Binding) -> None:
        """Say which campaign a seller's media buy serves; its lines become eligible."""
        self._bindings[seller, media_buy_id] = binding
        for line_id, held in self._lines.items():
            if held.owner == seller and held.line.media_buy_id == media_buy_id:
                self._admit(line_id)
                self._tick(line_id)

    def binding(self, line_id: str) -> Binding | None:
        """What the buyer of a line has bound its media buy to; None if nobody has."""
        held = self._lines[line_id]
        return self._bindings.get((held.owner, held.line.media_buy_id))

    def set_caps(self, level: str, entity_id: str, caps: Sequence[Cap]) -> None:
        """Replace all frequency caps of an advertiser, campaign, creative, media buy or package (line)."""
        self._settle()
        self.engine.set_caps(level, entity_id, tuple(caps), self._world.now)

    def set_budget_group(
        self,
        group_id: str,
        total_micros: int | None = None,
        daily_cap_micros: int | None = None,
        timezone: str = "UTC",
    ) -> None:
        """Limit what all lines of a group spend together, in all and in a day of a time zone (IANA name)."""
        self._settle()
        self.engine.set_budget_group(group_id, total_micros, daily_cap_micros, self._world.now, timezone)

    # -- what anybody may know ---------------------------------------------------------------------------

    def totals(self, line_id: str) -> Totals:
        """What a line has delivered up to this moment."""
        from sandbox.delivery import Totals

        self._settle()
        return self.engine.totals(line_id) if self._lines[line_id].in_engine else Totals()

    def breakdown(self, line_ids: Sequence[str], start_ms: int, end_ms: int) -> list[Slice]:
        """What lines delivered in ``[start_ms, end_ms)``, whole hours, by creative, country and device."""
        self._settle()
        return self._engine.breakdown(line_ids, start_ms, end_ms) if self._engine else []

    def reach(self, line_ids: Sequence[str], start_ms: int, end_ms: int) -> tuple[int, float]:
        """Different people that saw one of the lines in ``[start_ms, end_ms)``, and how often on average."""
        self._settle()
        return self._engine.history.reach(line_ids, start_ms, end_ms) if self._engine else (0, 0.0)

    def lines(self) -> list[Line]:
        """All lines that were ever opened, in that order."""
        return [held.line for held in self._lines.values()]

    @property
    def opportunities(self) -> int:
        """Opportunities decided so far."""
        return self._engine.opportunities if self._engine else 0

    def audit(self) -> list[str]:
        """Recount the exposure log; each text is a breach of a cap, a budget or a flight."""
        if self._engine is None or not self._lines:
            return []
        self._settle()
        return self._engine.audit()

    # -- time --------------------------------------------------------------------------------------------

    @contextmanager
    def quietly(self) -> Iterator[None]:
        """Look at the books without writing to the trace; what is decided meanwhile is written the next time."""
        self._quiet = True
        try:
            yield
        finally:
            self._quiet = False

    def settle(self) -> None:
        """Decide everything earlier than this moment and write what it delivered into the trace."""
        self._settle()

    def _settle(self) -> None:
        if self._engine is None or not self._lines:
            return
        self._engine.advance(self._world.now)
        if self._quiet:
            return
        for row in self._engine.take_rows(flush=True):
            told = {field.name: getattr(row, field.name) for field in fields(row)}
            data = {name: value for name, value in told.items() if value or name == "spend_micros"}
            data["hour"] = iso(data.pop("hour_ms"))
            self._world.trace.emit(self._world.now, "delivery", self._lines[row.line_id].owner, data)
        happened = self._engine.history.conversions.happened
        for number in range(self._told, len(happened)):
            one = happened[number]
            line_id = self._engine.lines[one.line].line_id
            data = {
                "line_id": line_id,
                "event_id": f"conversion-{number}",
                "at": iso(one.at_ms),
                "value_micros": one.value_micros,
            }
            self._world.trace.emit(self._world.now, "conversion", self._lines[line_id].owner, data)
        self._told = len(happened)

    def _admit(self, line_id: str) -> None:
        held = self._lines[line_id]
        binding = self._bindings.get((held.owner, held.line.media_buy_id))
        if held.in_engine or (binding is None and held.buyer in self._enforcing):
            return
        if binding is not None:
            held.line = replace(
                held.line,
                campaign_id=binding.campaign_id,
                advertiser_id=binding.advertiser_id,
                group_ids=(*held.line.group_ids, *binding.group_ids),
            )
        self.engine.add_line(held.line, self._world.now)
        held.in_engine = True

    def _tick(self, line_id: str) -> None:
        """Begin to settle hour by hour if a line is live that was not; as long as nothing ticks, no other one is."""
        if not self._ticking and self._live(self._lines[line_id]):
            self._ticking = True
            self._world.spawn(self._hours())

    def _live(self, held: _Held) -> bool:
        return held.in_engine and held.line.active and held.line.end_ms > self._world.now

    def _hours(self) -> Generator[Any, Any, None]:
        while any(map(self._live, self._lines.values())):
            now = self._world.now
            yield self._world.env.timeout(HOUR_MS - now % HOUR_MS)
            self._settle()
            for line_id in self.engine.exhausted():
                self._world.actors[self._lines[line_id].owner].on_line_exhausted(line_id)
        self._ticking = False
        if not self._awaiting:
            self._awaiting = True
            self._world.spawn(self._conversions())

    def _conversions(self) -> Generator[Any, Any, None]:
        """Settle the hours in which conversions happen while no line is live."""
        while not self._ticking and (next_ms := self.engine.next_conversion_ms) is not None:
            hour_end_ms = max(next_ms, self._world.now) // HOUR_MS * HOUR_MS + HOUR_MS
            yield self._world.env.timeout(hour_end_ms - self._world.now)
            self._settle()
        self._awaiting = False

    def _emit_line(self, line_id: str, why: str) -> None:
        held = self._lines[line_id]
        line = held.line
        data = {
            "line_id": line_id,
            "media_buy_id": line.media_buy_id,
            "budget_micros": line.budget_micros,
            "daily_cap_micros": line.daily_cap_micros,
            "pacing": line.pacing,
            "start": iso(line.start_ms),
            "end": iso(line.end_ms),
            "active": line.active,
            "opened_ms": held.opened_ms,
            "why": why,
        }
        self._world.trace.emit(self._world.now, "line", held.owner, data)
