"""The kinds of faults. To add one, write a row: what it does as an :class:`Effect`, and what a rule may say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from sandbox.kernel.faults.effect import Effect

if TYPE_CHECKING:
    from sandbox.kernel.faults.rules import Fault

BOTH = ("request", "answer")
REQUEST = ("request",)
ANSWER = ("answer",)


@dataclass(slots=True, frozen=True)
class Kind:
    """A kind of fault.

    ``directions`` are those that a rule may choose, the first one by default. ``settings`` are the fields of a rule
    that only some kinds have, ``needs`` those among them that must be given. ``on_the_way`` decides when a message
    departs, otherwise when it arrives. A kind that is ``accepted_only`` strikes answers that accept, one of
    ``webhooks_only`` nothing but webhooks; one that is ``standing`` strikes no message but holds all the time.
    """

    name: str
    about: str
    effect: Callable[[Fault, Random], Effect]
    directions: tuple[str, ...] = BOTH
    settings: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    on_the_way: bool = False
    accepted_only: bool = False
    webhooks_only: bool = False
    standing: bool = False


def _latency(rule: Fault, rng: Random) -> Effect:
    return Effect(delay_ms=rule.latency.draw(rng))


def _drop(rule: Fault, _: Random) -> Effect:
    return Effect(end="unsent" if rule.way == "request" else "lost")


def _refused(rule: Fault, _: Random) -> Effect:
    return Effect(end="refused", status=rule.status, retry_after_s=rule.retry_after_s)


def _rate_limited(rule: Fault, _: Random) -> Effect:
    return Effect(end="refused", status=429, retry_after_s=rule.retry_after_s or 1)


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "latency", "takes longer, by a log-normal time", _latency,
            settings=("median", "p95"), needs=("median",), on_the_way=True,
        ),
        Kind("drop", "a request never gets through, an answer never comes: its sender waits in vain", _drop),
        Kind(
            "duplicate", "arrives twice; the second answer is for nobody", lambda _r, _g: Effect(copies=1), REQUEST,
        ),
        Kind(
            "reorder", "is held back until another message of its link has overtaken it, or for `hold` at most",
            lambda rule, _: Effect(hold_ms=rule.hold_ms), settings=("hold",), on_the_way=True,
        ),
        Kind(
            "truncate", "only half of the body arrives; half a request is refused as malformed",
            lambda _r, _g: Effect(end="cut"),
        ),
        Kind(
            "reset", "the connection is reset: before a request is served, or after (direction answer)",
            lambda _r, _g: Effect(end="reset"),
        ),
        Kind(
            "slow_body", "the body drips with `rate` bytes a second", lambda rule, _: Effect(rate=rule.rate),
            settings=("rate",), on_the_way=True,
        ),
        Kind(
            "rate_limited", "429 with Retry-After, unserved", _rate_limited, REQUEST, settings=("retry_after",),
        ),
        Kind(
            "unavailable", "a 5xx, unserved or (direction answer) after it was served; with `count`, success follows",
            _refused, settings=("status", "retry_after"),
        ),
        Kind(
            "answer_lost", "an answer that accepts gets lost: it was done, and the sender waits in vain",
            lambda _r, _g: Effect(end="lost"), ANSWER, accepted_only=True,
        ),
        Kind(
            "invalid_answer", "a field of the answer has a value of another type than its schema says",
            lambda _r, _g: Effect(spoiled=True), ANSWER,
        ),
        Kind(
            "bad_signature", "a webhook whose signature does not verify: its receiver refuses it with 401",
            lambda _r, _g: Effect(forged=True), REQUEST, webhooks_only=True,
        ),
        Kind(
            "clock_skew", "the clock of the actor `from` is off by `skew`: its stamps and signatures say other times",
            lambda _r, _g: Effect(), REQUEST, settings=("skew",), needs=("skew",), standing=True,
        ),
    )
}  # fmt: skip
"""All kinds by name, in the order in which documents list them."""
