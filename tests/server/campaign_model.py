"""The rules of campaigns and media buys in plain Python, to compare a served platform with (rules 43 to 98).

Four sales agents: ``quick`` approves at once, ``slow`` when it is told to, ``picky`` asks for what is missing after
two hours, ``never`` refuses. No creatives are assigned, so nothing is ever delivered.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

HOUR_MS = 3_600_000
MARGIN_MS = 600_000
"""How long news of an agent may be on its way."""

SELLERS = ("quick", "slow", "picky", "never")
OPEN = ("ACTIVE", "PAUSED", "PENDING_APPROVAL", "INPUT_REQUIRED")
ENDED = ("REJECTED", "CANCELED", "COMPLETED", "ARCHIVED")
STRICTEST = ("FAILED", "INPUT_REQUIRED", "PENDING_APPROVAL", "DRAFT", "PAUSED", "ACTIVE")
"""Rule 80, the most restrictive first."""

Ref = tuple[str, str]
"""A media buy and its status."""


@dataclass
class Buy:
    """A media buy. ``products`` are those on it, each with the session that brought it and its budget in micros."""

    buy_id: str
    seller: str
    products: dict[str, tuple[str, int | None]] = field(default_factory=dict)
    status: str = "DRAFT"
    end_ms: int = 0
    ordered_ms: int = 0
    budget: int = 0
    waiting: int | None = None
    """The end of an update that waits for approval beside this version (rule 89)."""

    def refs(self) -> Iterator[Ref]:
        """What ``mediaBuyRefs`` shows (rules 60, 62)."""
        yield self.buy_id, self.status
        if self.waiting is not None:
            yield self.buy_id, "PENDING_APPROVAL"


@dataclass
class Session:
    """A discovery session: the selected products, as pairs of agent and product."""

    session_id: str
    selected: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Campaign:
    """A campaign. Times in ms, money in micros."""

    campaign_id: str
    end_ms: int
    media: int
    status: str = "DRAFT"
    sessions: list[Session] = field(default_factory=list)
    buys: list[Buy] = field(default_factory=list)
    caps: int = 0
    goals: int = 0

    def stage(self) -> None:
        """Rules 72 and 74. A new DRAFT has no id until the platform has shown it."""
        for session in self.sessions:
            for seller, product in session.selected:
                mine = [buy for buy in self.buys if buy.seller == seller and buy.status not in ENDED]
                if any(product in buy.products for buy in mine):
                    continue
                draft = next((buy for buy in mine if buy.status == "DRAFT"), None)
                if draft is None:
                    draft = Buy("", seller)
                    self.buys.append(draft)
                draft.products[product] = (session.session_id, None)

    def deselect(self, session: Session, products: Iterable[str]) -> None:
        """Take products out of a selection and off the DRAFTs that got them from it."""
        gone = {pair for pair in session.selected if pair[1] in products}
        session.selected = [pair for pair in session.selected if pair not in gone]
        for buy in [buy for buy in self.buys if buy.status == "DRAFT"]:
            kept = {
                product: source
                for product, source in buy.products.items()
                if source[0] != session.session_id or (buy.seller, product) not in gone
            }
            if buy.products and not kept:
                buy.status = "ARCHIVED"
            buy.products = kept

    def left(self) -> int:
        """What the media budget leaves (rule 56); nothing is ever spent."""
        return self.media - sum(buy.budget for buy in self.buys if buy.status in OPEN)

    def execute_refusal(self, now_ms: int) -> str | None:
        """The code with which executing is refused, None if it is not (rules 66, 70, 72); stages before it looks."""
        if self.status not in ("DRAFT", "COMPLETED", "ACTIVE") or self.end_ms <= now_ms:
            return "INVALID_STATE"
        self.stage()
        todo = self.todo()
        if self.status != "ACTIVE" and not todo:
            return "VALIDATION_ERROR"
        budgets = [budget for buy in todo for _, budget in buy.products.values()]
        wanted, left = sum(budget or 0 for budget in budgets), self.left()
        return "VALIDATION_ERROR" if budgets and (wanted > left or (None in budgets and wanted >= left)) else None

    def todo(self) -> list[Buy]:
        """What executing submits: DRAFTs, and FAILED ones again (rules 73, 75)."""
        return [buy for buy in self.buys if buy.status in ("DRAFT", "FAILED") and buy.products]

    def execute(self, now_ms: int) -> list[Buy]:
        """Submit; gives what was submitted."""
        todo = self.todo()
        self._share_out(todo)
        for buy in todo:
            after = {"quick": "ACTIVE", "never": "FAILED"}
            buy.status, buy.ordered_ms, buy.end_ms = after.get(buy.seller, "PENDING_APPROVAL"), now_ms, self.end_ms
            buy.budget = sum(budget or 0 for _, budget in buy.products.values())
        self.status = "ACTIVE"
        return todo

    def _share_out(self, todo: list[Buy]) -> None:
        open_ones = [(buy, product) for buy in todo for product, (_, budget) in buy.products.items() if budget is None]
        left = self.left() - sum(budget or 0 for buy in todo for _, budget in buy.products.values())
        for number, (buy, product) in enumerate(open_ones):
            share, more = divmod(left, len(open_ones))
            buy.products[product] = (buy.products[product][0], share + (number < more))

    def pause(self) -> None:
        """Rules 67 and 111."""
        self.status = "PAUSED"
        self._move("ACTIVE", "PAUSED")

    def reactivate(self) -> None:
        """Rules 68 and 111."""
        self.status = "ACTIVE"
        self._move("PAUSED", "ACTIVE")

    def _move(self, old: str, new: str) -> None:
        for buy in self.buys:
            if buy.status == old:
                buy.status = new

    def archive(self) -> None:
        """Rules 71 and 94: what has not ended is archived with the campaign."""
        self.status = "ARCHIVED"
        for buy in self.buys:
            if buy.status in (*OPEN, "DRAFT", "FAILED"):
                buy.status, buy.waiting = "ARCHIVED", None

    def followers(self, end_ms: int) -> list[Buy]:
        """The running media buys that a change of the campaign's end concerns (rule 88)."""
        if end_ms == self.end_ms or self.status == "DRAFT":
            return []
        running = [buy for buy in self.buys if buy.status in ("ACTIVE", "PAUSED")]
        return [buy for buy in running if buy.end_ms == self.end_ms or buy.end_ms > end_ms]

    def change(self, buy: Buy, end_ms: int) -> bool:
        """Update a running media buy (rule 89); gives whether it waits for approval."""
        if buy.seller == "slow":
            buy.waiting = end_ms
        else:
            buy.end_ms = end_ms
        return buy.seller == "slow"

    def decided(self, buy: Buy, approved: bool) -> None:
        """The agent has decided about an order, or about an update of it (rules 81, 82, 89)."""
        if buy.waiting is not None:
            buy.end_ms, buy.waiting = (buy.waiting if approved else buy.end_ms), None
        elif buy.status in ("PENDING_APPROVAL", "INPUT_REQUIRED"):
            running = "PAUSED" if self.status == "PAUSED" else "ACTIVE"
            buy.status = running if approved else "REJECTED"

    def pass_time(self, now_ms: int) -> None:
        """Rule 69: a campaign completes at its end."""
        if self.status in ("ACTIVE", "PAUSED") and self.end_ms <= now_ms:
            self.status = "COMPLETED"

    def allowed(self, buy: Buy, now_ms: int) -> tuple[str, ...]:
        """The statuses that a media buy may have got by itself since it was last seen."""
        if buy.status in ("ACTIVE", "PAUSED") and buy.end_ms <= now_ms:
            late = (self.end_ms if self.status == "COMPLETED" else now_ms) + 7 * HOUR_MS < now_ms
            return ("COMPLETED", "CANCELED") if late else (buy.status, "COMPLETED", "CANCELED")
        if buy.seller == "picky" and buy.status == "PENDING_APPROVAL" and buy.ordered_ms + 2 * HOUR_MS <= now_ms:
            late = buy.ordered_ms + 2 * HOUR_MS + MARGIN_MS <= now_ms
            return ("INPUT_REQUIRED",) if late else (buy.status, "INPUT_REQUIRED")
        return (buy.status,)

    def surfaced(self) -> str | None:
        """The one status for all media buys (rule 80); None if any of those that have ended will do."""
        shown = [status for buy in self.buys for _, status in buy.refs() if status != "ARCHIVED"]
        return next((status for status in STRICTEST if status in shown), None)
