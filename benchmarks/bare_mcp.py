"""A bare tool of the ``mcp`` package behind our HTTP server: as fast as an agent on top of them can be.

python -m benchmarks.bare_mcp FILE serves a tool that always answers with the file's content, and prints its port.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from pathlib import Path
from typing import Any

from aiohttp import web
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.types import CallToolResult, TextContent

from sandbox.server.asgi import mount


async def _serve(answer: dict[str, Any]) -> None:
    async def call_tool(_ctx: Any, _params: Any) -> CallToolResult:
        return CallToolResult(content=[TextContent(type="text", text=json.dumps(answer))], structured_content=answer)

    server: Server[Any] = Server("bare", on_call_tool=call_tool)
    manager = StreamableHTTPSessionManager(server, json_response=True, stateless=True)
    async with manager.run():
        app = web.Application()
        mount(app, "/mcp", manager.handle_request)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        listening = socket.create_server(("127.0.0.1", 0))
        await web.SockSite(runner, listening, backlog=1024).start()
        print(listening.getsockname()[1], flush=True)  # noqa: T201 - whoever started this process reads it
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(json.loads(Path(sys.argv[1]).read_text())))
