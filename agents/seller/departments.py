"""Departments: agents of other kinds whose tools an agent offers at its own address.

A platform that sells may also keep plans (governance), build creatives or hold sponsored conversations. Here each of
these is an actor of its own; a call of one of its tools is served by it, whichever of the two addresses it came to. The
agent's own tools win, and accounts and catalogs are shared.
Sales agents and vendors (``agents.studio.vendor``) have departments alike.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from sandbox.core.errors import AdcpError, InputError
from sandbox.kernel.endpoint import Context, Handler, Operation
from sandbox.protocol.task_list import list_tasks
from sandbox.protocol.versions import known

if TYPE_CHECKING:
    from agents.governance.agent import GovernanceAgent
    from agents.governance.plans import Plan
    from sandbox.kernel.actor import Actor

Json = dict[str, Any]

KINDS = ("governance", "creative", "signals", "brand", "sponsored")
"""Roles of agents that can be departments."""


def departments_of(actor: Actor) -> list[Actor]:
    """The agents that an agent's settings name; :class:`InputError` if one is not there or of no such kind."""
    found, world = [], actor.world
    for name in cast("Any", actor).config.departments:
        one = world.actors.get(name)
        if one is None or one.role not in KINDS or one is actor:
            known = [each.id for each in world.actors.values() if each.role in KINDS and each is not actor]
            why = f"{actor.id}: departments names {name!r}, which is no {', '.join(KINDS[:-1])} or {KINDS[-1]} agent"
            raise InputError(why, hint=f"there are: {', '.join(known) or 'none'}")
        found.append(one)
    return found


def join_departments(actor: Actor) -> None:
    """Add the tools of its departments to those that an agent serves itself."""
    departments = departments_of(actor)
    if not departments:
        return
    assert actor.endpoint is not None
    own = dict(actor.endpoint.operations)
    tools = dict(own)
    for department in departments:
        actor.world.ecosystem.link(department.id, actor.id, "authorised_for")
        _share(actor, department)
        for name, operation in _operations(department).items():
            tools.setdefault(name, _served_by(department, operation))
    for name, joined in _JOINED.items():
        if name in tools:
            tools[name] = replace(tools[name], handler=joined(tools[name].handler, departments))
    actor.endpoint.operations = tools


def _share(actor: Any, department: Any) -> None:
    """Let a department that has accounts work on those of the agent, and on what buyers gave it: catalogs, sources."""
    if not hasattr(department, "host"):
        return
    if department.host not in (None, actor):
        why = f"{actor.id}: departments names {department.id!r}, which is a department of {department.host.id}"
        raise InputError(why, hint="an agent with accounts of its own can be a department of one agent")
    department.host = actor
    actor.accounts.update(department.accounts)
    department.accounts, department.synced = actor.accounts, actor.synced


def _operations(department: Actor) -> dict[str, Operation]:
    assert department.endpoint is not None
    return dict(department.endpoint.operations)


def _served_by(department: Actor, operation: Operation) -> Operation:
    def handler(ctx: Context, request: Json) -> Any:
        return operation.handler(replace(ctx, actor=department), request)

    return replace(operation, handler=handler)


def _capabilities(own: Handler, departments: list[Actor]) -> Handler:
    """What the agent and its departments can do, together."""

    def get_adcp_capabilities(ctx: Context, request: Json) -> Json:
        body: Json = own(ctx, request)
        for department in departments:
            asked = _operations(department)["get_adcp_capabilities"]
            body = _joined(body, asked.handler(replace(ctx, actor=department), request))
        return body

    return get_adcp_capabilities


def _joined(body: Json, more: Json) -> Json:
    """Blocks of both, protocols and specialisms of both; where both say something else, the first stands."""
    result = dict(body)
    for name, value in more.items():
        mine: Any = result.setdefault(name, value)
        if name != "adcp" and isinstance(mine, dict) and isinstance(value, dict):
            result[name] = _joined(mine, value)
        elif name in ("supported_protocols", "specialisms", "experimental_features", "scenarios"):
            result[name] = list(dict.fromkeys([*mine, *value]))
    return result


def _task_status(own: Handler, departments: list[Actor]) -> Handler:
    """One task of the caller: the agent's own, or one of a department."""

    def get_task_status(ctx: Context, request: Json) -> Json:
        try:
            body: Json = own(ctx, request)
        except AdcpError:
            for department in departments:
                with suppress(AdcpError):
                    body = _operations(department)["get_task_status"].handler(replace(ctx, actor=department), request)
                    break
            else:
                raise
        return body

    return get_task_status


def _task_list(_own: Handler, departments: list[Actor]) -> Handler:
    """The caller's tasks, whoever of them all has them, in one list."""

    def list_all(ctx: Context, request: Json) -> Json:
        stores = [cast("Any", one).tasks.store for one in (ctx.actor, *departments) if hasattr(one, "tasks")]
        mine = [task for store in stores for task in store.of(ctx.principal.id) if known(task.tool, ctx.version)]
        return list_tasks(mine, request)

    return list_all


def _test_controller(own: Handler, departments: list[Actor]) -> Handler:
    """The scenarios of the agent, and those that only a department has."""
    tools = [(one, _operations(one).get("comply_test_controller")) for one in departments]

    def comply_test_controller(ctx: Context, request: Json) -> Json:
        body: Json = own(ctx, request)
        listing, unknown = request.get("scenario") == "list_scenarios", body.get("error") == "UNKNOWN_SCENARIO"
        for department, tool in tools if listing or unknown else ():
            if tool is None:
                continue
            more: Json = tool.handler(replace(ctx, actor=department), request)
            if listing:
                body = _joined(body, more)
            elif more.get("error") != "UNKNOWN_SCENARIO":
                return more
        return body

    return comply_test_controller


_JOINED = {
    "get_adcp_capabilities": _capabilities,
    "get_task_status": _task_status,
    "list_tasks": _task_list,
    "comply_test_controller": _test_controller,
}
"""Tools that an agent and its departments answer together."""


def own_governor(actor: Actor) -> GovernanceAgent | None:
    """The governance agent among the departments."""
    from agents.governance.agent import GovernanceAgent

    return next((one for one in departments_of(actor) if isinstance(one, GovernanceAgent)), None)


def governor_at(actor: Actor, url: str) -> GovernanceAgent | None:
    """The governance agent at an address, which may be an agent's own; None if there is none in the world."""
    from agents.governance.agent import GovernanceAgent

    found = actor.world.actors.get(actor.world.network.agent_at(url))
    return found if isinstance(found, GovernanceAgent) else own_governor(actor) if found is actor else None


def own_plan(ctx: Context, brand: str, plan_id: str | None) -> tuple[GovernanceAgent, Plan] | None:
    """A plan that the caller keeps with this agent itself: the one named, or else the newest for the brand."""
    governor = own_governor(ctx.actor)
    plan = governor.plan_of(ctx.principal.id, plan_id, brand) if governor is not None else None
    return (governor, plan) if governor is not None and plan is not None else None
