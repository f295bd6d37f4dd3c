"""What an evaluator is given, and how it says what it found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from agents.buyer.sessions.records import Check, CreativeSession, Render, Stage, Variant
from agents.studio.design import SourceAsset

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform

Findings = Iterator[Check]


@dataclass(slots=True, frozen=True)
class Case:
    """A variant of a session at a stage. What fails at the final stage is blocking (rule 192)."""

    platform: BuyerPlatform
    session: CreativeSession
    variant: Variant
    stage: Stage
    evaluator: str

    @property
    def renders(self) -> list[Render]:
        """The pictures that are judged: the final ones once there are any."""
        return self.variant.finals or self.variant.renders

    def found(
        self,
        check: str,
        status: Literal["pass", "warn", "fail", "not_run"],
        message: str,
        *,
        render: Render | None = None,
        asset: SourceAsset | None = None,
    ) -> Check:
        """A finding of this evaluator."""
        return Check(
            self.evaluator,
            check,
            self.stage,
            status,
            message,
            blocking=status == "fail" and self.stage == "final",
            format_id=None if render is None else render.format_id,
            asset_id=None if asset is None else asset.asset_id,
        )


def size(render: Render) -> str:
    """A render's size in words: ``300 x 250``."""
    return f"{render.width} x {render.height}"
