"""Scenarios about asynchronous answers: the next order is taken as a task, and a task ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agents.seller.controller.force import moved
from agents.seller.controller.state import Refused
from agents.seller.orders import Order, book
from sandbox.core.errors import AdcpError
from sandbox.protocol import schemas
from sandbox.protocol.idempotency import digest

if TYPE_CHECKING:
    from agents.seller.seller import Seller
    from sandbox.kernel.endpoint import Context


def force_create_media_buy_arm(
    ctx: Context, seller: Seller, _request: dict[str, Any], params: dict[str, Any]
) -> dict[str, Any]:
    """Say how the caller's next create_media_buy is answered; a later word replaces an earlier one."""
    task_id = params.get("task_id")
    if task_id in seller.tasks.store.tasks:
        raise Refused("INVALID_PARAMS", f"there is a task {task_id} already")
    seller.controller.arms[ctx.principal.id] = params
    return {"forced": {name: params[name] for name in ("arm", "task_id") if name in params}}


def forced_answer(seller: Seller, order: Order) -> dict[str, Any] | None:
    """The answer to an order for which there is a directive, which is used up by it; None if there is none.

    Raises IO_REQUIRED if the directive asks for input.
    """
    directive = seller.controller.arms.pop(order.buyer, None)
    if directive is None:
        return None
    message = directive.get("message") or "a signed insertion order is needed"
    if directive["arm"] == "input-required":
        raise AdcpError("IO_REQUIRED", message, field="io_acceptance")
    return seller.desk.queue_forced(order, directive["task_id"], message)


def force_task_completion(
    ctx: Context, seller: Seller, _request: dict[str, Any], params: dict[str, Any]
) -> dict[str, Any]:
    """End a task of the caller with a result. An order becomes a media buy with the result's ids.

    Doing the same again changes nothing; another result is INVALID_TRANSITION.
    """
    task_id, result = params["task_id"], params["result"]
    task = seller.tasks.store.tasks.get(task_id)
    if task is None or task.owner != ctx.principal.id:
        raise Refused("NOT_FOUND", f"there is no task {task_id}")
    what, done = f"task {task_id}", digest(result)
    if seller.controller.completed.get(task_id) == done:
        return moved(what, "completed", "completed")
    if task.ended:
        raise Refused("INVALID_TRANSITION", f"{what} is {task.status}", task.status)
    issues = schemas.check_answer(task.tool, {"status": "completed", **result}, task.version)
    if issues and task.version != "3.0":
        raise Refused("INVALID_PARAMS", f"result: {issues[0]}")
    old, case = task.status, seller.desk.cases.get(task_id)
    if case is not None and case.order is not None and "media_buy_id" in result:
        packages = [package["package_id"] for package in result.get("packages", [])]
        _check_new(seller, result["media_buy_id"], packages)
        book(seller, case.order, "its task was completed by the test controller", result["media_buy_id"], packages)
    seller.desk.cases.pop(task_id, None)
    seller.controller.completed[task_id] = done
    seller.tasks.finish(task, result, "completed by the test controller")
    return moved(what, old, "completed")


def _check_new(seller: Seller, media_buy_id: str, package_ids: list[str]) -> None:
    """INVALID_PARAMS for ids that things have already: a result makes new ones."""
    taken = [name for name in package_ids if name in seller.package_buys or package_ids.count(name) > 1]
    if media_buy_id in seller.media_buys:
        taken.insert(0, media_buy_id)
    if taken:
        raise Refused("INVALID_PARAMS", f"result: there is a {taken[0]} already")
