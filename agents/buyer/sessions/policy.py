"""Policy and safety: claims that need proof, goods that publishers refuse, and manners."""

from __future__ import annotations

import re

from agents.buyer.sessions.case import Case, Findings

BANNED = {
    "tobacco": r"\b(cigarettes?|tobacco|cigars?|vapes?|vaping)\b",
    "weapons": r"\b(guns?|firearms?|ammunition|rifles?)\b",
    "illegal drugs": r"\b(cocaine|heroin|ecstasy)\b",
    "hate": r"\b(subhuman|master race)\b",
}
"""Subjects for which publishers take no advertising."""

UNPROVEN = (
    r"\b(guaranteed (results?|returns?|profits?|weight loss)|risk[- ]free|miracle|cures?|instantly heals?"
    r"|get rich|no side effects)\b"
)
"""Claims that no advertiser may make."""

REGULATED = {
    "alcohol": r"\b(beer|wine|whisk(e)?y|vodka|gin|alcohol)\b",
    "gambling": r"\b(casino|betting|poker|lottery|jackpot)\b",
    "finance": r"\b(loans?|credit|crypto\w*|bitcoin|invest(ment|ing)?)\b",
    "health": r"\b(weight loss|diet pills?|medicine|supplements?)\b",
}
"""Subjects with rules of their own, which people have to look at."""

CLAIMS = r"(#\s?1\b|\bno\.? ?1\b|\bnumber one\b|\b(the )?best\b|\bcheapest\b|\bclinically proven\b|\b100 ?%)"
"""Superlatives that need proof."""

_FREE = r"\bfree\b"


def policy_safety(case: Case) -> Findings:
    """Is there policy, claims, legal, or safety risk?"""
    design = case.variant.design
    said = {"headline": design.headline, "body": design.body, "call to action": design.cta}
    clean = True
    for where, text in said.items():
        for status, what in _findings(text.lower()):
            clean = False
            yield case.found("policy", status, f"{where} “{text}”: {what}")  # type: ignore[arg-type]
        if re.search(r"[!?]{2,}|\$\$+", text):
            clean = False
            yield case.found("manners", "warn", f"{where} “{text}”: publishers refuse repeated signs")
    if clean:
        yield case.found("policy", "pass", "no claim, subject or wording that a policy speaks of")


def _findings(text: str) -> list[tuple[str, str]]:
    found = [("fail", f"publishers take no advertising for {s}") for s, p in BANNED.items() if re.search(p, text)]
    if (match := re.search(UNPROVEN, text)) is not None:
        found.append(("fail", f"“{match[0]}” is a claim that nobody may make"))
    if (match := re.search(CLAIMS, text)) is not None:
        found.append(("warn", f"“{match[0]}” needs proof"))
    if re.search(_FREE, text) and not re.search(r"\b(terms|trial)\b", text):
        found.append(("warn", "“free” needs its conditions"))
    return found + [("warn", f"{s} has rules of its own") for s, p in REGULATED.items() if re.search(p, text)]
