"""Channels: which may be used, and how much of the budget each gets (rule 215)."""

from __future__ import annotations

from collections.abc import Iterator

from agents.governance.records import Condition, Finding
from agents.governance.rules.base import Case
from sandbox.core.money import amount

CHANNELS = "strategic_alignment"

GUESS = 0.6
"""How sure it is that a product is of the channel that its id names."""


def allowed_channels(case: Case) -> Iterator[Finding]:
    """Only channels that the plan allows; all if it names none."""
    channels = case.plan.body.get("channels", {})
    allowed = channels.get("allowed")
    if allowed is None:
        return
    wrong = [line for line in case.action.lines if any(name not in allowed for name in line.channels)]
    for line in wrong:
        names = ", ".join(name for name in line.channels if name not in allowed)
        why = f"{names} is not among the channels of the plan: {', '.join(allowed)}"
        rest = len(wrong) < len(case.action.lines)
        fixes = (Condition(line.path, None, f"leave it out: {why}"),) if rest else ()
        doubt = "" if line.sure else "the channel is guessed from the product's id"
        yield Finding(
            CHANNELS, "critical", why, confidence=None if line.sure else GUESS, uncertainty=doubt, fixes=fixes
        )


def mix(case: Case) -> Iterator[Finding]:
    """Shares of channels in all that the plan commits stay within its targets, and required ones stay possible.

    A maximum is measured by what is committed and proposed, a minimum by what the rest of the budget can still do.
    """
    channels, total = case.plan.body.get("channels", {}), case.plan.total_micros
    proposed, action = case.action.channels, case.action
    if not proposed or action.micros is None or not total:
        return
    before = case.ledger.channels(case.plan.key)
    left = total - case.ledger.total(case.plan.key) - action.micros
    targets = channels.get("mix_targets", {})
    for name in dict.fromkeys([*targets, *channels.get("required", [])]):
        after = before.get(name, 0) + proposed.get(name, 0)
        most = total * round(targets.get(name, {}).get("max_pct", 100) * 1000) // 100_000
        least = total * round(targets.get(name, {}).get("min_pct", 0) * 1000) // 100_000
        if name in proposed and after > most:
            why = f"{name} would have {case.money(after)} of at most {case.money(most)}"
            yield Finding(CHANNELS, "critical", why, fixes=_less(case, name, most - before.get(name, 0), why))
        if after + max(0, left) < max(least, 1 if name in channels.get("required", []) else 0):
            need = f"at least {case.money(least)}" if least else "a part of the budget"
            yield Finding(CHANNELS, "critical", f"{name} needs {need}, and {case.money(max(0, left))} would be left")


def _less(case: Case, name: str, most: int, why: str) -> tuple[Condition, ...]:
    """The budget with which the only package of a channel would fit."""
    mine = [line for line in case.action.lines if name in line.channels]
    fits = len(mine) == 1 and mine[0].channels == (name,) and most > 0 and case.action.kind == "intent"
    return (Condition(f"{mine[0].path}.budget", amount(most), why),) if fits else ()
