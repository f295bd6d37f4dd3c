"""The agents over plain HTTP: a POST of a tool's request brings its answer, with status 200 whatever it says.

AdCP has no such transport; its vectors of request signing are sent to addresses like these, because in them alone the
address is something to be compared (docs/building/verification/grading.mdx).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.server.agents_requests import answer
from sandbox.server.asgi import Message, Receive, Send
from sandbox.server.session import MESSAGE, SESSION

if TYPE_CHECKING:
    from sandbox.server.agents import Agents


class AgentsPlain:
    """Answers below ``/agents/<id>/adcp/``, as an ASGI application; requests come in with session and message."""

    def __init__(self, agents: Agents) -> None:
        self._agents = agents

    async def asgi(self, scope: Message, _receive: Receive, send: Send) -> None:
        """Serve one HTTP request; the last part of its path is the tool."""
        if scope[MESSAGE] is None:
            await answer(send, 405, {"error": "POST the request of a tool as JSON"})
            return
        reply = await self._agents.ask(scope[SESSION], scope["path"].rpartition("/")[2], scope[MESSAGE])
        await answer(send, 200, reply.body)
