"""Invented names: publishers, brands and briefs, drawn from a seeded generator with Faker."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from faker import Faker

_TITLES = ("Herald", "Tribune", "Network", "Daily", "Review", "Stream", "Play", "Radio", "Media", "Weekly")
_SELLERS = ("Media Sales", "Ad Exchange", "Advertising", "Media House", "Sales House", "Marketplace")
_TOPICS = ("news", "sports", "business", "technology", "travel", "food", "health", "music", "family", "cars")
_GOALS = ("awareness for", "a launch campaign of", "a sales push of", "reach for")


def faker(rng: Random) -> Faker:
    """A Faker whose names follow from ``rng`` alone."""
    from faker import Faker as Make

    made = Make("en_US")
    made.seed_instance(rng.getrandbits(64))
    return made


def slug(name: str) -> str:
    """A name as part of an identifier: lower case letters, digits and underscores."""
    text = "".join(c if c.isascii() and c.isalnum() else "_" for c in name.lower())
    return "_".join(part for part in text.split("_") if part)


def publisher_name(rng: Random) -> str:
    """A name such as ``Lake Marcus Tribune``."""
    return f"{faker(rng).city()} {rng.choice(_TITLES)}"


def seller_name(rng: Random) -> str:
    """A name such as ``Porter Media House``."""
    return f"{faker(rng).last_name()} {rng.choice(_SELLERS)}"


def domain_of(name: str) -> str:
    """A reserved domain that belongs to a name."""
    return f"{slug(name).replace('_', '-')}.example"


def topics(rng: Random, count: int = 2) -> list[str]:
    """What a publisher writes about."""
    return rng.sample(_TOPICS, count)


def brand(rng: Random) -> tuple[str, str]:
    """Name and domain of a brand."""
    name = faker(rng).last_name()
    return name, domain_of(name)


def brief(rng: Random, channel: str, country: str) -> str:
    """A media brief in one sentence."""
    name, _ = brand(rng)
    audience, goal = rng.choice(_TOPICS), rng.choice(_GOALS)
    return f"{channel} for {goal} {name} among people interested in {audience} in {country}"
