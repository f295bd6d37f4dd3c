"""What a served sandbox does at the word of a check: faults on the way to sales agents, and what agents decide."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sandbox.contract.buyer_platform.platform import Platform
from sandbox.contract.check import Skipped
from sandbox.contract.control import Control
from sandbox.core.errors import InputError


def control_of(platform: Platform) -> Control:
    """The control API. Raises :class:`Skipped` if there is none."""
    if platform.control is None:
        raise Skipped("that is checked in a sandbox only: name the one that is checked with --control URL")
    return platform.control


@asynccontextmanager
async def fault(platform: Platform, **rule: Any) -> AsyncIterator[None]:
    """A rule of faults, in the control API's words, that holds within the block and must strike there.

    Raises :class:`Skipped` without a sandbox, or where the rule struck nothing.
    """
    control = control_of(platform)
    async with control.faults(rule):
        yield
        (*_, own) = (await control.ask("GET", "faults"))["faults"]
    if not own["hits"]:
        raise Skipped("its faults struck nothing: --control is another sandbox, or --auth not its first customer's")


async def decide(platform: Platform, agent: str, what: str, **arguments: Any) -> None:
    """Let a sales agent approve, reject or ask for more. Raises :class:`Skipped` if it can't."""
    try:
        await control_of(platform).ask("POST", f"actors/{agent}/{what}", arguments)
    except InputError as error:
        raise Skipped(error.message) from None
