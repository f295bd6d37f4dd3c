"""A small kind of actor, ``shop``, so that the language is tested without any agent of the ecosystem."""

import sys
from collections.abc import Callable, Generator, Iterable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field

from sandbox.core.errors import AdcpError, ApiError, InputError
from sandbox.core.time import parse_duration
from sandbox.kernel.actor import Actor, ActorKind
from sandbox.kernel.endpoint import Context, Endpoint, Operation, Reply
from sandbox.kernel.world import World
from sandbox.operations import Route
from sandbox.results.result import RunResult
from sandbox.scenario import Scenario, build, load, run


class ShopConfig(BaseModel):
    """Settings of a shop."""

    model_config = ConfigDict(extra="forbid")

    approval: str = Field("2d", description="how long it takes to approve a creative")
    stock: list[int] = []


class PlainDialect:
    def open(self, ctx: Context, operation: Operation, payload: dict[str, Any]) -> dict[str, Any]:
        return payload

    def close(self, ctx: Context, operation: Operation, payload: dict[str, Any], result: Any) -> Reply:
        return Reply(True, result)

    def fail(self, ctx: Context, payload: dict[str, Any], error: AdcpError | ApiError) -> Reply:
        return Reply(False, {"error": {"code": error.code, "message": error.message}}, 400)

    def unknown(self, ctx: Context, known: Iterable[str]) -> ApiError:
        return ApiError("NOT_FOUND", "no such operation")


class Shop(Actor):
    """Echoes, refuses, and reviews creatives."""

    role = "seller"

    def __init__(self, world: World, actor_id: str, config: ShopConfig) -> None:
        super().__init__(world, actor_id)
        self.config = config
        self.waiting: list[str] = []
        self.stock = list(config.stock)
        rest = Route("GET", "/things/{thing}")
        operations = [
            Operation("echo", self.echo),
            Operation("refuse", self.refuse),
            Operation("submit", self.submit),
            Operation("rest", self.rest, detail=rest),
        ]
        self.endpoint = Endpoint(self, PlainDialect(), operations)
        self.controls.update(approve=self.approve, restock=self.restock, remind=self.remind, slip=self.slip)

    def start(self) -> None:
        if 13 in self.stock:
            raise InputError("13 is no number for a shop", hint="take 12")

    def echo(self, ctx: Context, request: dict[str, Any]) -> dict[str, Any]:
        return {"got": request, "by": ctx.principal.id, "stock": list(self.stock)}

    def rest(self, ctx: Context, request: dict[str, Any]) -> dict[str, Any]:
        return {"request": request}

    def refuse(self, ctx: Context, request: dict[str, Any]) -> dict[str, Any]:
        raise ApiError("CONFLICT", "it is there already")

    def submit(self, ctx: Context, request: dict[str, Any]) -> dict[str, Any]:
        creative = self.ids.next("cr")
        self.status("creative", creative, None, "processing")
        self.status("creative", creative, "processing", "pending_review")
        self.waiting.append(creative)
        self.world.after(parse_duration(self.config.approval), self._review)
        return {"creative": creative}

    def remind(self, url: str) -> None:
        """Send a webhook."""
        self.world.network.notify(self.id, url, {"left": len(self.waiting)})

    def _review(self) -> Generator[Any, Any, None]:
        yield self.world.env.timeout(0)
        if self.waiting:
            self.approve()

    def approve(self) -> None:
        if not self.waiting:
            raise InputError("nothing waits for approval")
        self.status("creative", self.waiting.pop(0), "pending_review", "approved", "fine")

    def slip(self) -> None:
        """Break the lifecycle of a creative."""
        self.status("creative", self.waiting.pop(0), "pending_review", "archived")

    def restock(self, amount: int) -> None:
        self.stock.append(amount)


def invent(rng: Random, count: int) -> list[dict[str, Any]]:
    return [{"stock": [rng.randrange(1_000_000)]} for _ in range(count)]


KIND = ActorKind("shop", ShopConfig, Shop, invent)
BARE = ActorKind("bare", ShopConfig, Shop)

HEAD = """\
title: A test
clock: {start: 2026-05-01, duration: 10d}
actors:
  shop: {kind: shop}
"""
"""Four lines, so that what a test adds begins at line 5."""


def fake_kind(name: str) -> ActorKind:
    kinds = {"shop": KIND, "bare": BARE}
    if name not in kinds:
        raise InputError(f"unknown kind of actor {name!r}", hint="installed are bare, shop")
    return kinds[name]


@pytest.fixture(autouse=True)
def shop_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["sandbox.scenario.build"], "actor_kind", fake_kind)


Read = Callable[..., Scenario]
Play = Callable[..., RunResult]
Refuse = Callable[..., InputError]


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Read:
    """Load a scenario from its text; ``head=""`` leaves the usual head out."""
    monkeypatch.chdir(tmp_path)

    def read(text: str, head: str = HEAD, name: str = "s.yaml") -> Scenario:
        Path(name).write_text(head + text, encoding="utf-8")
        return load(name)

    return read


@pytest.fixture
def play(read: Read) -> Play:
    """Play a scenario from its text."""

    def play(text: str, head: str = HEAD, seed: int | None = None) -> RunResult:
        return run(read(text, head), seed)

    return play


@pytest.fixture
def refuse(read: Read) -> Refuse:
    """The error with which a scenario is refused before it is played."""

    def refuse(text: str, head: str = HEAD) -> InputError:
        with pytest.raises(InputError) as caught:
            build(read(text, head))
        return caught.value

    return refuse


def outcomes(result: RunResult) -> dict[str, bool]:
    """What held, by name."""
    return {judgement.name: judgement.held for judgement in result.expectations}
