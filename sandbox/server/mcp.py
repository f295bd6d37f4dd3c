"""The MCP edge: streamable HTTP with sessions, and five tools over the served platform.

The ``mcp`` package is loaded when the edge is opened, not before: that takes about a second.
"""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, Self

from sandbox import __version__
from sandbox.core.errors import ApiError
from sandbox.server.asgi import Asgi, Message, Receive, Send
from sandbox.server.edge import Caller, Edge
from sandbox.server.limits import RateLimit
from sandbox.server.tools import Told, Tools, failed

if TYPE_CHECKING:
    from mcp.server.context import ServerRequestContext
    from mcp.server.lowlevel import Server
    from mcp.types import CallToolRequestParams, CallToolResult, ListToolsResult, PaginatedRequestParams

MAX_BYTES = 32 * 1024 * 1024
"""The largest request: as large as a body over REST."""

MAX_SESSIONS = 10_000

INSTRUCTIONS = (
    "A simulated advertising platform on simulated time. Call `help` first: it shows unread notifications. Ask "
    "`ask_about_capability` how something is done before you do it with `api_call`."
)

_KEY = "adcp_sandbox.api_key"


class BuyerMcp:
    """The edge as an ASGI application: ``async with BuyerMcp(edge) as mcp: mount(app, "/mcp", mcp.asgi)``.

    Every request carries ``Authorization: Bearer <API key>``; a session can be used with the key that opened it
    only. A switch of the customer holds for the session. Clients of protocol releases without sessions (2026-07-28
    and later) share one switch for each key. ``own_address`` is what the simulated platform calls its address, and
    where clients reach it.
    """

    def __init__(self, edge: Edge, own_address: tuple[str, str] | None = None, limit: RateLimit | None = None) -> None:
        self._edge = edge
        self._limit = limit or RateLimit()
        self._tools = Tools(edge, own_address)
        self._switched: OrderedDict[str, int] = OrderedDict()
        self._stack = AsyncExitStack()
        self._serve: Asgi | None = None

    async def __aenter__(self) -> Self:
        from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

        manager = StreamableHTTPSessionManager(
            _server(self), json_response=True, max_request_body_size=MAX_BYTES, max_sessions=MAX_SESSIONS
        )
        await self._stack.enter_async_context(manager.run())
        self._serve = manager.handle_request
        return self

    async def __aexit__(self, *_: object) -> None:
        self._serve = None
        await self._stack.aclose()

    async def asgi(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one HTTP request; 401 unless it has the API key of somebody."""
        from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
        from mcp.server.auth.provider import AccessToken

        assert self._serve is not None, "open the edge with async with"
        key = _bearer(scope)
        if key is None or self._edge.caller(key) is None:
            await _refuse(send, ApiError("UNAUTHORIZED", "send the header Authorization: Bearer <API key>"))
            return
        owner = hashlib.sha256(key.encode()).hexdigest()
        user = AuthenticatedUser(AccessToken(token="", client_id=owner, scopes=[]))
        await self._serve({**scope, "user": user, _KEY: key}, receive, send)

    async def call(self, key: str, session: str, tool: str, arguments: dict[str, Any]) -> Told:
        """Have a tool do its work for the caller that the session acts for."""
        try:
            caller = self._caller(key, session)
            self._limit.admit(caller.principal)
            match tool:
                case "api_call":
                    return await self._tools.api_call(caller, arguments)
                case "ask_about_capability":
                    return self._tools.ask(caller, arguments.get("question"))
                case "help":
                    return self._tools.help(caller)
                case "health":
                    return self._tools.health()
                case "customer_switch":
                    return self._switch(caller, session, arguments.get("customerId"))
                case _:
                    raise ApiError("NOT_FOUND", f"there is no tool {tool!r}", "name")
        except ApiError as error:
            return failed(error.body()["error"])

    def _caller(self, key: str, session: str) -> Caller:
        """Who calls, and for whom: asked anew each time, since keys and memberships come and go."""
        caller = self._edge.caller(key)
        if caller is None:
            raise ApiError("UNAUTHORIZED", "the API key is not known any more")
        customer_id = self._switched.get(session)
        if customer_id is None:
            return caller
        try:
            return self._edge.switch(caller, customer_id)
        except ApiError:
            del self._switched[session]
            raise

    def _switch(self, caller: Caller, session: str, customer_id: Any) -> Told:
        """Act for another customer from now on (rule 12)."""
        if isinstance(customer_id, str) and customer_id.isdecimal() and len(customer_id) < 20:
            customer_id = int(customer_id)
        if not isinstance(customer_id, int) or isinstance(customer_id, bool):
            raise ApiError("VALIDATION_ERROR", "customerId: give the number that list_accounts shows", "customerId")
        switched = self._edge.switch(caller, customer_id)
        self._switched[session] = switched.customer_id
        self._switched.move_to_end(session)
        while len(self._switched) > 2 * MAX_SESSIONS:
            self._switched.popitem(last=False)
        text = f"All further calls of this session are for customer {switched.customer_id}."
        return Told(text, {"customerId": switched.customer_id})

    def tools(self) -> list[dict[str, Any]]:
        """The tools with their descriptions and JSON Schemas."""
        any_object = {"type": "object", "additionalProperties": True}
        call = {
            "operation": {"type": "string", "enum": [operation.name for operation in self._tools.operations]},
            "pathParams": {**any_object, "description": "The variables of the path, such as campaignId"},
            "params": {**any_object, "description": "The query; numbers and true may be given as text"},
            "body": {**any_object, "description": "The JSON body"},
            "method": {"type": "string", "enum": ["GET", "POST", "PUT", "DELETE"], "description": "With path"},
            "path": {"type": "string", "description": "Instead of operation: /api/v2/buyer/campaigns/cmp_1"},
            "query": {**any_object, "description": "The same as params"},
        }
        question = {"question": {"type": "string", "description": "What you want to do or know"}}
        customer = {"customerId": {"type": ["integer", "string"], "description": "From the operation list_accounts"}}
        return [
            _tool("api_call", "Do an operation of the buyer platform, by its name", call),
            _tool("ask_about_capability", "How something is done: steps, operations, fields", question, True),
            _tool("help", "What there is, and unread notifications; call it first", {}, True),
            _tool("customer_switch", "Act for another customer in all later calls of this session", customer),
            _tool("health", "Whether the sandbox runs, and the simulated time", {}, True),
        ]


def _tool(name: str, description: str, properties: dict[str, Any], reads: bool = False) -> dict[str, Any]:
    required = [field for field in ("question", "customerId") if field in properties]
    schema = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    hints = {"readOnlyHint": reads, "openWorldHint": False}
    return {"name": name, "description": description, "inputSchema": schema, "annotations": hints}


def _server(edge: BuyerMcp) -> Server[Any]:
    """The MCP server: it only turns protocol messages into calls of the edge, and back."""
    from mcp.server.lowlevel import Server
    from mcp.types import CallToolResult, ListToolsResult, TextContent, Tool

    listed = ListToolsResult(tools=[Tool.model_validate(tool) for tool in edge.tools()])

    async def list_tools(
        _ctx: ServerRequestContext[Any, Any], _params: PaginatedRequestParams | None
    ) -> ListToolsResult:
        return listed

    async def call_tool(ctx: ServerRequestContext[Any, Any], params: CallToolRequestParams) -> CallToolResult:
        assert ctx.request is not None
        key = ctx.request.scope[_KEY]
        session = ctx.request.headers.get("mcp-session-id") or "key:" + hashlib.sha256(key.encode()).hexdigest()
        told = await edge.call(key, session, params.name, params.arguments or {})
        content = [TextContent(type="text", text=told.text)]
        return CallToolResult(content=list(content), structured_content=told.data, is_error=told.is_error)

    return Server(
        "adcp-sandbox",
        version=__version__,
        instructions=INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


def _bearer(scope: Message) -> str | None:
    for name, value in scope["headers"]:
        if name == b"authorization":
            scheme, _, token = value.decode("latin-1").partition(" ")
            return token.strip() or None if scheme.lower() == "bearer" else None
    return None


async def _refuse(send: Send, error: ApiError) -> None:
    headers = [(b"content-type", b"application/json"), (b"www-authenticate", b"Bearer")]
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(error.body()).encode()})
