"""comply_test_controller: which scenarios there are, and the words in which they are answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from agents.seller.context import seller_of
from agents.seller.controller.force import force_account_status, force_creative_status, force_media_buy_status
from agents.seller.controller.forced_tasks import force_create_media_buy_arm, force_task_completion
from agents.seller.controller.seed_buys import seed_creative, seed_media_buy, seed_plan
from agents.seller.controller.seed_products import seed_creative_format, seed_pricing_option, seed_product
from agents.seller.controller.simulate import simulate_budget_spend, simulate_delivery
from agents.seller.controller.state import Refused
from sandbox.core.errors import AdcpError
from sandbox.protocol import schemas

if TYPE_CHECKING:
    from agents.seller.seller import Seller
    from sandbox.kernel.actor import Actor
    from sandbox.kernel.endpoint import Context

TOOL = "comply_test_controller"

Scenario = Callable[["Context", "Seller", dict[str, Any], dict[str, Any]], dict[str, Any]]
"""``scenario(ctx, seller, request, params)`` gives the answer without ``success``, or raises :class:`Refused`."""

Scenarios = Mapping[str, Callable[..., dict[str, Any]]]
"""Scenarios by name, of any kind of agent."""

_TABLE: tuple[Any, ...] = (
    force_creative_status,
    force_account_status,
    force_media_buy_status,
    force_create_media_buy_arm,
    force_task_completion,
    simulate_delivery,
    simulate_budget_spend,
    seed_product,
    seed_pricing_option,
    seed_creative,
    seed_plan,
    seed_media_buy,
    seed_creative_format,
)

SCENARIOS: dict[str, Scenario] = {scenario.__name__: scenario for scenario in _TABLE}


def comply_test_controller(ctx: Context, request: dict[str, Any]) -> dict[str, Any]:
    """Do a scenario of sales agents."""
    return play(SCENARIOS, ctx, seller_of(ctx), request)


def play(scenarios: Scenarios, ctx: Context, agent: Actor, request: dict[str, Any]) -> dict[str, Any]:
    """Do a scenario of an agent. Refusals are answers too: ``success: false`` with an error of the controller's own."""
    try:
        return {"status": "completed", "success": True, **_do(scenarios, ctx, agent, request)}
    except Refused as refused:
        body = {"success": False, "error": refused.error, "error_detail": refused.detail}
        if refused.current_state is not None:
            body["current_state"] = refused.current_state
    except AdcpError as error:
        body = {"success": False, "error": "INVALID_PARAMS", "error_detail": error.message}
    return {"status": "completed", **body}


def _do(scenarios: Scenarios, ctx: Context, agent: Actor, request: dict[str, Any]) -> dict[str, Any]:
    name = request.get("scenario")
    if name == "list_scenarios":
        return {"scenarios": list(scenarios)}
    scenario = scenarios.get(name) if isinstance(name, str) else None
    if scenario is None:
        raise Refused("UNKNOWN_SCENARIO", f"there is no scenario {name!r} here; there are {', '.join(scenarios)}")
    issues = schemas.check(TOOL, "request", request, ctx.version)
    if issues:
        raise Refused("INVALID_PARAMS", str(issues[0]))
    return scenario(ctx, agent, request, request.get("params", {}))
