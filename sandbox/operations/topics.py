"""The hand-written part of the help, from ``topics.toml``: workflows, habits, errors, and how time goes."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(slots=True, frozen=True)
class Topic:
    """A piece of work. ``words`` are what people call it; ``show`` names fields of answers that people should see."""

    title: str
    words: str
    steps: list[str]
    operations: list[str]
    show: list[str]


@dataclass(slots=True, frozen=True)
class Guide:
    """What is said about the platform as a whole. ``errors`` says what to do, by code."""

    skill: str
    tools: str
    failures: str
    clock: str
    habits: list[str]
    errors: dict[str, str]
    topics: list[Topic]


@cache
def guide() -> Guide:
    """The guide, read once."""
    text = resources.files("sandbox.operations").joinpath("topics.toml").read_text(encoding="utf-8")
    data = tomllib.loads(text)
    topics = [Topic(**row) for row in data.pop("topics")]
    return Guide(topics=topics, **data)
