"""What a run came to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from sandbox.core.time import iso

if TYPE_CHECKING:
    from sandbox.kernel.checkers import Violation
    from sandbox.kernel.trace import Event, Trace
    from sandbox.kernel.world import World


@dataclass(slots=True)
class Judgement:
    """How an expectation, or a step that expects something, came out.

    ``detail`` says what was seen when, or what was expected and what was seen; ``at_ms`` is the moment that
    decided it; ``nearest`` are the events around that moment, and ``place`` is where the scenario says it.
    """

    name: str
    held: bool
    detail: str
    at_ms: int
    place: str = ""
    nearest: list[Event] = field(default_factory=list)


@dataclass(slots=True)
class RunResult:
    """The outcome of one run: counts over the whole world, judgements, breaches, the trace, and the world as the
    run left it (None where it was not kept).
    """

    scenario: str
    seed: int
    start_ms: int
    end_ms: int
    digest: str
    wall_s: float
    opportunities: int
    impressions: int
    spend_micros: int
    messages: int
    trace: Trace
    expectations: list[Judgement] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)
    world: World | None = field(default=None, repr=False)
    against: str = ""
    """The served sandbox that it was played against; empty for a run in process."""

    @property
    def status(self) -> Literal["passed", "failed"]:
        """``passed`` if every expectation held and no checker found a breach."""
        held = all(judgement.held for judgement in self.expectations)
        return "passed" if held and not self.violations else "failed"

    @property
    def simulated_ms(self) -> int:
        """How much simulated time passed."""
        return self.end_ms - self.start_ms

    @property
    def repeat(self) -> str:
        """The command that plays the same run again."""
        there = f" --against {self.against} --reset" if self.against else ""
        return f"adcp-sandbox run {self.scenario} --seed {self.seed}{there}"

    def summary(self) -> dict[str, Any]:
        """The result as ``run --json`` prints it."""
        return {
            "scenario": self.scenario,
            "seed": self.seed,
            **({"against": self.against} if self.against else {}),
            "status": self.status,
            "digest": self.digest,
            "simulated_ms": self.simulated_ms,
            "wall_s": round(self.wall_s, 3),
            "opportunities": self.opportunities,
            "impressions": self.impressions,
            "spend_micros": self.spend_micros,
            "messages": self.messages,
            "expectations": [{"name": j.name, "held": j.held, "detail": j.detail} for j in self.expectations],
            "violations": [
                {"checker": v.checker, "seq": v.seq, "at": iso(v.at_ms), "message": v.message} for v in self.violations
            ],
        }
