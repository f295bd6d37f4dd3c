"""A bare aiohttp server that answers every request with the same JSON: as fast as a handler of it can be.

python -m benchmarks.bare FILE serves the file's content and prints its port.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from pathlib import Path

from aiohttp import web


async def _serve(text: str) -> None:
    async def handle(_request: web.Request) -> web.Response:
        return web.Response(text=text, content_type="application/json")

    app = web.Application()
    app.router.add_get("/{path:.*}", handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    listening = socket.create_server(("127.0.0.1", 0))
    await web.SockSite(runner, listening, backlog=1024).start()
    print(listening.getsockname()[1], flush=True)  # noqa: T201 - whoever started this process reads it
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1]).read_text()))
