"""Refining a discovery: what is asked of which sales agent, and what became of it (rules 127 and 128)."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any, Literal, NotRequired

from pydantic import Field, model_validator
from typing_extensions import TypedDict

from agents.buyer.asking import base_request, failure, read_products
from agents.buyer.records import Advertiser, Session
from sandbox.core.errors import AdcpError, ApiError
from sandbox.operations import Body

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform

MAX_REFINEMENTS = 25
"""Entries that an agent takes in one request (facts 4.13)."""

ACTIONS = {"product": ("include", "omit", "more_like_this"), "proposal": ("include", "omit", "finalize")}
SPELLINGS = {"moreLikeThis": "more_like_this"}
"""Other spellings of actions (conflict C4)."""


class RefineItem(Body):
    """One wish: on the whole request, on a product, or on a proposal."""

    scope: Literal["request", "product", "proposal"]
    id: str | None = Field(default=None, min_length=1)
    action: str | None = None
    ask: str | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _whole(self) -> RefineItem:
        if self.scope == "request":
            if self.ask is None:
                raise ValueError("scope request needs ask")
            if self.id is not None or self.action is not None:
                raise ValueError("scope request has no id and no action")
            return self
        if self.id is None:
            raise ValueError(f"scope {self.scope} needs id")
        self.action = SPELLINGS.get(self.action or "", self.action)
        if self.action not in ACTIONS[self.scope]:
            raise ValueError(f"action of scope {self.scope} is one of {', '.join(ACTIONS[self.scope])}")
        return self

    def wire(self) -> dict[str, Any]:
        """The entry as AdCP has it."""
        entry: dict[str, Any] = {"scope": self.scope}
        if self.scope != "request":
            entry[f"{self.scope}_id"] = self.id
            entry["action"] = self.action
        if self.ask is not None and self.action != "omit":
            entry["ask"] = self.ask
        return entry


class Refinement(TypedDict):
    """What the sales agents made of one wish (conflict C67)."""

    scope: Literal["request", "product", "proposal"]
    id: NotRequired[str]
    status: Literal["applied", "partial", "unable"]
    notes: NotRequired[str]


def refine(
    platform: BuyerPlatform, session: Session, advertiser: Advertiser, items: list[RefineItem]
) -> Generator[Any, Any, list[dict[str, Any]]]:
    """Ask the agents that are concerned, replace what they offered, and give ``refinementApplied``.

    An agent that fails keeps its former products; the entries that it alone should have applied are
    ``unable``. INTERNAL_ERROR if all that were asked fail. Session and selections change only afterwards.
    """
    wishes = {agent: _entries(session, agent, items) for agent in session.products}
    _check_ids(items, wishes)
    asked = [agent for agent, entries in wishes.items() if entries]
    answers: list[Any] = yield from platform.sellers.gather(
        [_ask(platform, session, advertiser, agent, [e for _, e in wishes[agent]]) for agent in asked]
    )
    outcomes: dict[int, list[dict[str, Any]]] = {}
    failures: list[dict[str, Any]] = []
    for agent, answer in zip(asked, answers, strict=True):
        if isinstance(answer, AdcpError):
            failures.append(failure(platform, agent, answer))
            told = [{"status": "unable", "notes": f"{agent} failed: {answer}"}] * len(wishes[agent])
        else:
            session.products[agent] = answer["products"]
            session.proposals[agent] = answer.get("proposals", [])
            told = answer.get("refinement_applied", [])
        for (number, _), outcome in zip(wishes[agent], told, strict=False):
            outcomes.setdefault(number, []).append(outcome)
    session.failures = failures
    if asked and len(failures) == len(asked):
        first = failures[0]["error"]
        raise ApiError("INTERNAL_ERROR", f"every sales agent failed: {first}", details={"agentResults": failures})
    return [_applied(item, outcomes.get(number, [])) for number, item in enumerate(items)]


def _entries(session: Session, agent: str, items: list[RefineItem]) -> list[tuple[int, dict[str, Any]]]:
    """The numbers and AdCP entries of the wishes that concern an agent; none if it is not concerned.

    A refinement carries all that matters, so products that no wish names are asked for again - unless
    there is a wish on the whole request, which may replace them.
    """
    products = [product["product_id"] for product in session.products[agent]]
    proposals = [proposal["proposal_id"] for proposal in session.proposals.get(agent, [])]
    known: dict[str, list[str]] = {"product": products, "proposal": proposals}
    entries = [
        (number, item.wire())
        for number, item in enumerate(items)
        if item.scope == "request" or item.id in known[item.scope]
    ]
    if not entries or any(item.scope != "product" for item in items):
        return entries
    named = [entry["product_id"] for _, entry in entries]
    others = [p for p in products if p not in named]
    if len(entries) + len(others) > MAX_REFINEMENTS:
        return entries
    return entries + [(-1, {"scope": "product", "product_id": p, "action": "include"}) for p in others]


def _check_ids(items: list[RefineItem], wishes: dict[str, list[tuple[int, dict[str, Any]]]]) -> None:
    """VALIDATION_ERROR for a product or proposal that is not among the results."""
    concerned = {number for entries in wishes.values() for number, _ in entries}
    for number, item in enumerate(items):
        if number not in concerned:
            field = f"refine[{number}].id"
            raise ApiError("VALIDATION_ERROR", f"{field}: {item.scope} {item.id} is not in the session", field)


def _ask(
    platform: BuyerPlatform,
    session: Session,
    advertiser: Advertiser,
    agent: str,
    entries: list[dict[str, Any]],
) -> Generator[Any, Any, dict[str, Any]]:
    request = yield from base_request(platform, session, advertiser, agent)
    return (yield from read_products(platform, agent, {**request, "buying_mode": "refine", "refine": entries}))


def _applied(item: RefineItem, outcomes: list[dict[str, Any]]) -> dict[str, Any]:
    """What became of one wish over all agents that were asked: applied, partial or unable (conflict C67)."""
    statuses = {outcome["status"] for outcome in outcomes}
    status = "unable" if not statuses else statuses.pop() if len(statuses) == 1 else "partial"
    row: dict[str, Any] = {"scope": item.scope}
    if item.id is not None:
        row["id"] = item.id
    row["status"] = status
    notes = list(dict.fromkeys(outcome["notes"] for outcome in outcomes if outcome.get("notes")))
    if notes:
        row["notes"] = "; ".join(notes)
    return row
