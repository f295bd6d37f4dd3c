"""Every operation of the platform, over REST and over MCP, with the examples of the seeds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sandbox.core.time import parse_instant
from tests.server.conftest import Live, MakeLive
from tests.server.story import creatives, data, plan
from tests.server.story.doors import Door, HttpDoor, mcp_door

WORLD = str(Path(__file__).parent / "story" / "world.yaml")


@contextmanager
def opened(live: Live, how: str) -> Iterator[Door]:
    if how == "rest":
        yield HttpDoor(live)
    else:
        with mcp_door(live, how) as door:
            yield door


@pytest.mark.parametrize("how", ["rest", "operation", "path"])
def test_plan(make_live: MakeLive, how: str) -> None:
    live = make_live(scenario=WORLD, start_ms=parse_instant(plan.BEGIN), journal="memory")
    with opened(live, how) as door:
        plan.tell(door)


@pytest.mark.parametrize("how", ["rest", "operation", "path"])
def test_data(make_live: MakeLive, how: str) -> None:
    live = make_live(scenario=WORLD, start_ms=parse_instant(data.BEGIN), journal="memory")
    with opened(live, how) as door:
        data.tell(door)


@pytest.mark.parametrize("how", ["rest", "operation", "path"])
def test_creatives(make_live: MakeLive, how: str) -> None:
    live = make_live(scenario=WORLD, start_ms=parse_instant(creatives.BEGIN), journal="memory")
    with opened(live, how) as door:
        creatives.tell(door)
