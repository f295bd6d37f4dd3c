"""Nothing is bought twice: an order makes one media buy at most, and a buyer's media buy is one with the agent."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from sandbox.kernel.checkers.base import Checker

if TYPE_CHECKING:
    from sandbox.kernel.trace import Event
    from sandbox.kernel.world import World

ORDERS = ("create_media_buy", "buy_products", "accept_proposal", "comply_test_controller")
"""Tools that may make a media buy."""

ENDED = ("completed", "rejected", "canceled")

Thing = tuple[str, str, str]
"""Who buys, from whom, and the buyer's own name of what it buys."""


class Bookings(Checker):
    """Counts orders by their idempotency keys, and follows each to the media buy that comes of it.

    A buyer platform names its media buy in the ``operation_id`` of an order. The answer to an order, the answer about
    its task and the task's webhook say which media buy of the sales agent that is; two that run are money twice.
    """

    name = "bookings"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._orders: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
        self._made: Counter[str] = Counter()
        self._asked: dict[str, Thing] = {}
        self._tasks: dict[tuple[str, str], Thing] = {}
        self._bought: defaultdict[Thing, list[str]] = defaultdict(list)
        self._of: dict[tuple[str, str], Thing] = {}
        self._status: dict[tuple[str, str], str] = {}

    def on_event(self, event: Event) -> None:
        if event.kind == "call" and event.data["operation"] in ORDERS:
            self._ordered(event)
        elif event.kind == "reply" and event.data["ok"] and "spoiled" not in event.data:
            self._answered(event)
        elif event.kind == "webhook":
            self._told(event.actor, event.data["payload"], event)
        elif event.kind == "status" and event.data["entity"] == "media_buy":
            self._changed(event)

    def _ordered(self, event: Event) -> None:
        payload = event.data["payload"]
        key = str(payload.get("idempotency_key", event.data["id"]))
        self._orders[event.data["to"]].add((event.actor, key))
        push = payload.get("push_notification_config")
        name = push.get("operation_id") if isinstance(push, dict) else None
        if name is not None and self.world.ecosystem.role(event.actor) == "buyer":
            self._asked[event.data["id"]] = (event.actor, event.data["to"], str(name))

    def _answered(self, event: Event) -> None:
        thing, body = self._asked.pop(event.data["id"], None), event.data["body"]
        if thing is not None and body.get("status") == "submitted":
            self._tasks[event.actor, str(body.get("task_id"))] = thing
        elif thing is not None:
            self._booked(thing, body, event)
        elif event.data["operation"] == "get_task_status":
            self._told(event.actor, body, event)

    def _told(self, seller: str, body: dict[str, Any], event: Event) -> None:
        thing = self._tasks.get((seller, str(body.get("task_id"))))
        if thing is not None and body.get("status") == "completed":
            self._booked(thing, body.get("result"), event)

    def _booked(self, thing: Thing, body: Any, event: Event) -> None:
        bought = body.get("media_buy_id") if isinstance(body, dict) else None
        if isinstance(bought, str) and bought not in self._bought[thing]:
            self._bought[thing].append(bought)
            self._of[thing[1], bought] = thing
            self._check(thing, event)

    def _changed(self, event: Event) -> None:
        seller, media_buy = event.actor, event.data["id"]
        if event.data["old"] is None:
            self._made[seller] += 1
            if self._made[seller] > len(self._orders[seller]):
                self.breach(f"{seller} makes media buy {media_buy} without an order of its own", event)
        self._status[seller, media_buy] = event.data["new"]
        if (seller, media_buy) in self._of:
            self._check(self._of[seller, media_buy], event)

    def _check(self, thing: Thing, event: Event) -> None:
        buyer, seller, name = thing
        running = [one for one in self._bought[thing] if self._status.get((seller, one), ENDED[0]) not in ENDED]
        if len(running) > 1:
            self.breach(f"{name} of {buyer} is bought twice from {seller}: {' and '.join(running)} run", event)
