"""The compact tools over MCP: the same lifecycle as in process, and what a list of tools says of them."""

from __future__ import annotations

from typing import Any

from tests.server.conftest import Live, MakeLive
from tests.server.test_agents import agent, mcp
from tests.unit.seller.compact_story import Json, negotiate_and_control

WORLD = """
title: A seller that speaks 3.2 and one that does not
extends: worlds/default
actors:
  newsroom: {kind: seller, publishers: [nytimes]}
  archive: {kind: seller, publishers: [nytimes], adcp_versions: ["3.0", "3.1"]}
"""


def caller(live: Live, agent_id: str = "newsroom") -> Any:
    """``call(tool, **arguments)`` at 3.2, with a key where the tool takes one."""
    row, keys = agent(live, agent_id), iter(range(1_000_000))
    tools = {tool["name"]: tool for tool in mcp(row, "tools/list")["tools"]}

    def call(tool: str, **arguments: Any) -> Json:
        if not tools[tool]["annotations"]["readOnlyHint"]:
            arguments = {"idempotency_key": f"key-over-the-wire-{next(keys):06d}", **arguments}
        result = mcp(row, "tools/call", {"name": tool, "arguments": {"adcp_version": "3.2", **arguments}})
        assert not result.get("isError"), result["structuredContent"]
        answer: Json = result["structuredContent"]
        return answer

    return call


def test_the_lifecycle_is_the_same_over_mcp(live: Live) -> None:
    final = negotiate_and_control(caller(live), "display")
    assert final["packages"]


def test_tools_are_listed_where_the_agent_speaks_their_release(make_live: MakeLive, tmp_path: Any) -> None:
    path = tmp_path / "world.yaml"
    path.write_text(WORLD, encoding="utf-8")
    live = make_live(scenario=path)
    new, old = (
        {tool["name"]: tool for tool in mcp(agent(live, name), "tools/list")["tools"]}
        for name in ("newsroom", "archive")
    )
    assert {"list_products", "control_media_buy"} <= set(new)
    assert "purchases" in new["buy_products"]["inputSchema"]["properties"]
    assert not {"list_products", "request_proposals", "buy_products"} & set(old)
    asked = {"name": "list_products", "arguments": {"adcp_version": "3.1"}}
    refused = mcp(agent(live), "tools/call", asked)["structuredContent"]
    assert refused["adcp_error"]["code"] == "UNSUPPORTED_FEATURE"
