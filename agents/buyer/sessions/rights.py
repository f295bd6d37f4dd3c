"""Rights of source assets: unknown ones are shown, restricted and expired ones stop a final (rule 193)."""

from __future__ import annotations

from agents.buyer.sessions.case import Case, Findings
from agents.studio.design import Rights
from sandbox.core.time import iso


def status_at(rights: Rights, now_ms: int) -> str:
    """``cleared``, ``unknown``, ``restricted`` or ``expired``: what was cleared until an instant expires then."""
    if rights.status != "restricted" and rights.expires_ms is not None and rights.expires_ms <= now_ms:
        return "expired"
    return rights.status


def check_rights(case: Case) -> Findings:
    """One finding for each source asset. Where an asset comes from (its provenance) has no say in it."""
    for asset in case.session.assets:
        status = status_at(asset.rights, case.platform.now)
        if status == "cleared":
            yield case.found("rights", "pass", f"{asset.label}: rights are cleared", asset=asset)
        elif status == "unknown":
            yield case.found("rights", "warn", f"{asset.label}: nobody said whether it may be used", asset=asset)
        else:
            ended = asset.rights.expires_ms
            since = f" since {iso(ended)}" if status == "expired" and ended is not None else ""
            why = f"{asset.label}: its rights are {status}{since}; clear them or leave it out"
            yield case.found("rights", "fail", why, asset=asset)
