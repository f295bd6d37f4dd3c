"""The agents over MCP: streamable HTTP without sessions, a tool for each task of the protocol.

An answer is the ``structuredContent`` of its tool call, and the same as JSON text; one that refuses has ``isError`` and
``adcp_error`` in it (docs/building/operating/transport-errors.mdx).
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, Self

from sandbox import __version__
from sandbox.protocol.tool_schemas import input_schema, title
from sandbox.server.asgi import Asgi, Message, Receive, Send
from sandbox.server.bodies import MAX_JSON_BYTES
from sandbox.server.mcp_call import read_call, result_of
from sandbox.server.session import MESSAGE, SESSION, Session

if TYPE_CHECKING:
    from mcp.server.context import ServerRequestContext
    from mcp.server.lowlevel import Server
    from mcp.types import CallToolRequestParams, CallToolResult, ListToolsResult, PaginatedRequestParams

    from sandbox.server.agents import Agents


class AgentsMcp:
    """The MCP door of all agents, as an ASGI application; requests come in with their session."""

    def __init__(self, agents: Agents) -> None:
        self._agents = agents
        self._stack = AsyncExitStack()
        self._serve: Asgi | None = None

    async def __aenter__(self) -> Self:
        from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

        manager = StreamableHTTPSessionManager(
            self._server(), json_response=True, stateless=True, max_request_body_size=MAX_JSON_BYTES
        )
        await self._stack.enter_async_context(manager.run())
        self._serve = manager.handle_request
        return self

    async def __aexit__(self, *_: object) -> None:
        self._serve = None
        await self._stack.aclose()

    async def asgi(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one HTTP request: a plain tool call at once, everything else by the ``mcp`` package.

        Agents say nothing unasked, so there is no stream of events to open (405, as the transport has it).
        """
        assert self._serve is not None, "open the door with async with"
        if scope["method"] != "POST":
            headers = [(b"allow", b"POST"), (b"content-length", b"0")]
            await send({"type": "http.response.start", "status": 405, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
            return
        call = read_call(scope["headers"], scope[MESSAGE])
        if call is None:
            await self._serve(scope, receive, send)
            return
        reply = await self._agents.ask(scope[SESSION], call.tool, call.arguments)
        answer = call.answer(reply)
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    def tools(self, agent_id: str) -> list[dict[str, Any]]:
        """The tools of an agent with their schemas."""
        releases = self._agents.releases(agent_id)
        return [
            {
                "name": operation.name,
                "title": title(operation.name),
                "inputSchema": input_schema(operation.name, releases),
                "annotations": {"readOnlyHint": not operation.mutating, "openWorldHint": False},
            }
            for operation in self._agents.tools(agent_id)
        ]

    def _server(self) -> Server[Any]:
        from mcp.server.lowlevel import Server
        from mcp.types import CallToolResult, ListToolsResult, Tool

        async def list_tools(
            ctx: ServerRequestContext[Any, Any], _params: PaginatedRequestParams | None
        ) -> ListToolsResult:
            tools = self.tools(_session(ctx).agent_id)
            return ListToolsResult(tools=[Tool.model_validate(tool) for tool in tools])

        async def call_tool(ctx: ServerRequestContext[Any, Any], params: CallToolRequestParams) -> CallToolResult:
            reply = await self._agents.ask(_session(ctx), params.name, params.arguments or {})
            return CallToolResult.model_validate(result_of(reply, reply.body))

        return Server("adcp-sandbox", version=__version__, on_list_tools=list_tools, on_call_tool=call_tool)


def _session(ctx: ServerRequestContext[Any, Any]) -> Session:
    assert ctx.request is not None
    session: Session = ctx.request.scope[SESSION]
    return session
