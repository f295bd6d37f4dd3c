"""The agents over A2A: a skill for each task of the protocol, called by a data part ``{skill, input}``.

The answer is the data part of the task's artifact. An answer ``submitted`` is a completed A2A task: the work that goes
on is polled with get_task_status. A refusal has ``adcp_error`` there, which alone tells it apart; its task is
``failed`` in A2A 1.0, and completed in A2A 0.3, whose clients read no artifact of a task that failed. The
specification allows both (docs/building/by-layer/L0/a2a-profile-extension.mdx, "Response mapping"). The ``a2a`` package
is loaded with the first request.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from sandbox import __version__
from sandbox.kernel.endpoint import Reply
from sandbox.protocol.tool_schemas import title
from sandbox.protocol.tools import protocol_of
from sandbox.server.asgi import Asgi, Message, Receive, Send
from sandbox.server.bodies import deeper
from sandbox.server.session import SESSION, Session

if TYPE_CHECKING:
    from a2a.server.agent_execution import AgentExecutor, RequestContext
    from a2a.server.events import EventQueue
    from a2a.server.routes import ServerCallContextBuilder
    from a2a.types import Task

    from sandbox.kernel.actor import Actor
    from sandbox.server.agents import Agents

PROFILE = "https://adcontextprotocol.org/extensions/adcp/v3"

MAX_DEPTH = 24
"""How deep an input may be nested: an answer that repeats it, deeper within a task, still fits into protobuf's 100."""

_SESSION = "adcp_session"
_VERSION = "a2a_version"


class AgentsA2a:
    """The A2A door of all agents, as an ASGI application; requests come in with their session."""

    def __init__(self, agents: Agents) -> None:
        self._agents = agents
        self._doors: WeakKeyDictionary[Actor, Asgi] = WeakKeyDictionary()
        """By agent: a reset brings new ones, of which nobody knows a task."""

    async def asgi(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one HTTP request."""
        agent_id = _session(scope).agent_id
        agent = self._agents.served.agents[agent_id]
        if agent not in self._doors:
            self._doors[agent] = self._door(agent_id)
        await self._doors[agent](scope, receive, send)

    async def close(self) -> None:
        """Serve no further requests."""
        self._doors.clear()

    def card(self, agent_id: str) -> dict[str, Any]:
        """The agent card: where the agent is and which skills it has, in the forms of A2A 1.0 and 0.3."""
        url = self._agents.url(agent_id, "a2a")
        return {
            "name": agent_id,
            "description": f"A simulated AdCP agent: {self._agents.served.agents[agent_id].role} {agent_id}",
            "version": __version__,
            "url": url,
            "preferredTransport": "JSONRPC",
            "protocolVersion": "0.3.0",
            "supportedInterfaces": [
                {"url": url, "protocolBinding": "JSONRPC", "protocolVersion": version} for version in ("1.0", "0.3")
            ],
            "defaultInputModes": ["application/json"],
            "defaultOutputModes": ["application/json"],
            "capabilities": {
                "streaming": False,
                "pushNotifications": False,
                "extensions": [
                    {"uri": PROFILE, "description": "AdCP structured task invocation profile", "required": True}
                ],
            },
            "securitySchemes": {
                "bearerAuth": {"type": "http", "scheme": "bearer", "httpAuthSecurityScheme": {"scheme": "Bearer"}}
            },
            "security": [{"bearerAuth": []}],
            "securityRequirements": [{"schemes": {"bearerAuth": {"list": []}}}],
            "skills": [
                {
                    "id": tool.name,
                    "name": tool.name,
                    "description": title(tool.name),
                    "tags": ["adcp", protocol_of(tool.name)],
                }
                for tool in self._agents.tools(agent_id)
            ],
        }

    def _door(self, agent_id: str) -> Asgi:
        from a2a.server.request_handlers import DefaultRequestHandler
        from a2a.server.routes import create_jsonrpc_routes
        from a2a.types import AgentCard
        from google.protobuf.json_format import ParseDict
        from starlette.routing import Router

        from sandbox.server.a2a_tasks import RecentTasks

        _log_own_bugs_only()
        card = ParseDict(self.card(agent_id), AgentCard(), ignore_unknown_fields=True)
        handler = DefaultRequestHandler(_executor(self._agents), RecentTasks(), card)
        path = f"/agents/{agent_id}/a2a"
        return Router(create_jsonrpc_routes(handler, path, _context_builder(), enable_v0_3_compat=True))


def _log_own_bugs_only() -> None:
    """What clients send that is no message is answered, and is nothing to log; nor is a trace that nobody collects."""
    logging.getLogger("opentelemetry.context").disabled = True
    for name in ("a2a.server.routes.jsonrpc_dispatcher", "a2a.compat.v0_3.jsonrpc_adapter", "a2a.utils"):
        log = logging.getLogger(name)
        if not log.filters:
            log.addFilter(lambda row: row.msg == "Unhandled exception")


def _session(scope: Message) -> Session:
    session: Session = scope[SESSION]
    return session


def _context_builder() -> ServerCallContextBuilder:
    """Passes the session on to the executor."""
    from a2a.auth.user import User
    from a2a.server.context import ServerCallContext
    from a2a.server.routes import DefaultServerCallContextBuilder
    from starlette.requests import Request

    from sandbox.server.a2a_tasks import Holder

    class Builder(DefaultServerCallContextBuilder):
        def build_user(self, request: Request) -> User:
            return Holder(_session(request.scope).principal)

        def build(self, request: Request) -> ServerCallContext:
            context = super().build(request)
            context.state[_SESSION] = _session(request.scope)
            context.state[_VERSION] = request.headers.get("A2A-Version") or "0.3"
            return context

    return Builder()


def _executor(agents: Agents) -> AgentExecutor:
    """Turns a message into a call of the agent, and the answer into a task that is over."""
    from a2a.server.agent_execution import AgentExecutor
    from a2a.utils.errors import UnsupportedOperationError

    class Executor(AgentExecutor):
        async def execute(self, context: RequestContext, event_queue: EventQueue) -> None:
            skill, payload = _invocation(context)
            reply = await agents.ask(context.call_context.state[_SESSION], skill, payload)
            await event_queue.enqueue_event(_task(context, skill, reply))

        async def cancel(self, context: RequestContext, event_queue: EventQueue) -> None:
            raise UnsupportedOperationError(message="a task is over as soon as it is answered")

    return Executor()


def _invocation(context: RequestContext) -> tuple[str, dict[str, Any]]:
    """Skill and input of a message. The profile wants exactly one data part; ``parameters`` is what 0.3 called it."""
    from a2a.utils.errors import InvalidParamsError
    from google.protobuf.json_format import MessageToDict

    parts = context.message.parts if context.message is not None else []
    data = [MessageToDict(part.data) for part in parts if part.HasField("data")]
    if len(data) != 1 or not isinstance(data[0], dict) or not isinstance(data[0].get("skill"), str):
        raise InvalidParamsError(message="send one data part {skill, input}; text alone is not understood")
    payload = data[0].get("input", data[0].get("parameters", {}))
    if not isinstance(payload, dict):
        raise InvalidParamsError(message="input: give an object")
    if deeper(payload, MAX_DEPTH):
        raise InvalidParamsError(message=f"input: it is nested more than {MAX_DEPTH} deep")
    return data[0]["skill"], payload


def _task(context: RequestContext, skill: str, reply: Reply) -> Task:
    from a2a.types import Task as A2aTask
    from google.protobuf.json_format import ParseDict

    old = context.call_context.state[_VERSION].startswith("0.")
    state = "TASK_STATE_COMPLETED" if reply.ok or old else "TASK_STATE_FAILED"
    data: dict[str, Any] = json.loads(json.dumps(reply.body))
    text = data.get("message") or (f"{skill} is done" if reply.ok else data["adcp_error"]["message"])
    task: Task = ParseDict(
        {
            "id": context.task_id,
            "contextId": context.context_id,
            "status": {"state": state},
            "artifacts": [
                {"artifactId": f"{skill}-result", "name": skill, "parts": [{"text": str(text)}, {"data": data}]}
            ],
        },
        A2aTask(),
    )
    return task
