"""What somebody proposes to do, read out of an intent (tool and payload) or an execution (planned delivery)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from agents.governance.matching import words, words_in
from agents.governance.payload import check_payload
from sandbox.core.errors import AdcpError
from sandbox.core.money import micros
from sandbox.core.time import parse_instant
from sandbox.domain.channels import CHANNELS
from sandbox.protocol.idempotency import canonical

Json = dict[str, Any]

PURCHASES = {
    "acquire_rights": "rights_license",
    "update_rights": "rights_license",
    "activate_signal": "signal_activation",
    "build_creative": "creative_services",
}
"""The kind of purchase that a tool makes; media_buy for all others."""

_UNREAD = (
    "idempotency_key",
    "account",
    "brand",
    "context",
    "push_notification_config",
    "reporting_webhook",
    "agent_url",
)
"""Fields whose words say nothing of what is bought."""

_SPELLED = {frozenset(words(name)): name for name in CHANNELS}
_ENVELOPE = (
    "account media_buy_id revision idempotency_key context context_id ext push_notification_config plan_id"
    " governance_context adcp_version adcp_major_version cancellation_reason po_number rights_id"
).split()


@dataclass(slots=True, frozen=True)
class Line:
    """One package of an action, with where it stands in the payload. ``sure``: its channels were said, not guessed."""

    path: str
    micros: int | None
    channels: tuple[str, ...]
    sure: bool
    countries: tuple[str, ...]
    regions: tuple[str, ...]


@dataclass(slots=True)
class Proposed:
    """An action as the rules see it. None and empty mean that nothing is said about it."""

    kind: str
    tool: str
    purchase_type: str
    caller: str
    seller: str
    account: str
    micros: int | None
    currency: str | None
    start_ms: int | None
    end_ms: int | None
    lines: list[Line]
    payload: Json
    words: frozenset[str]
    overlays: list[tuple[str, Json]] = field(default_factory=list)
    audience: list[Json] = field(default_factory=list)
    exempt: bool = False
    """It only reduces risk: cancel, pause, decrease, deactivate."""

    @property
    def channels(self) -> dict[str, int]:
        """The amount by channel, in micros; a package of several channels counts in equal parts."""
        found: dict[str, int] = {}
        for line in self.lines:
            for name in line.channels:
                found[name] = found.get(name, 0) + (line.micros or 0) // len(line.channels)
        return found


def read_intent(request: Json, now_ms: int) -> Proposed:
    """An orchestrator's intent: the tool that it is about to call, and the arguments. VALIDATION_ERROR for bad ones."""
    tool, payload = str(request["tool"]), request["payload"]
    check_payload(payload)
    found = words_in(payload, _UNREAD)
    lines = [_line(entry, f"payload.{path}") for path, entry in _packages(payload)]
    declared = request.get("proposed_commitment")
    money, currency = _money(payload, lines, declared)
    start, end = payload.get("start_time"), payload.get("end_time")
    return Proposed(
        kind="intent",
        tool=tool,
        purchase_type=str(request.get("purchase_type") or PURCHASES.get(tool, "media_buy")),
        caller=str(request["caller"]),
        seller=str(request.get("target_agent", "")),
        account=_account(payload),
        micros=money,
        currency=currency,
        start_ms=now_ms if start == "asap" else _instant(start, "payload.start_time"),
        end_ms=_instant(end, "payload.end_time"),
        lines=lines,
        payload=payload,
        words=found,
        overlays=[
            (f"payload.{path}.targeting_overlay", entry["targeting_overlay"])
            for path, entry in _packages(payload)
            if entry.get("targeting_overlay")
        ],
        audience=payload.get("audience_targeting") or [],
        exempt=_exempt(tool, payload, declared),
    )


def read_execution(request: Json, seller: str, account: str, purchase_type: str, tool: str) -> Proposed:
    """A seller's plan: what it will really deliver."""
    planned = request.get("planned_delivery", {})
    geo, channels = planned.get("geo", {}), tuple(planned.get("channels", []))
    commitment = request.get("execution_commitment") or {}
    total = commitment.get("amount", planned.get("total_budget"))
    money = None if total is None else micros(total)
    currency = commitment.get("currency", planned.get("currency"))
    line = Line(
        "planned_delivery", money, channels, True, tuple(geo.get("countries", [])), tuple(geo.get("regions", []))
    )
    return Proposed(
        kind="execution",
        tool=tool,
        purchase_type=purchase_type,
        caller=str(request["caller"]),
        seller=seller,
        account=account,
        micros=money,
        currency=currency,
        start_ms=_instant(planned.get("start_time"), "planned_delivery.start_time"),
        end_ms=_instant(planned.get("end_time"), "planned_delivery.end_time"),
        lines=[line] if planned else [],
        payload={},
        words=words_in(planned),
        audience=list(planned.get("audience_targeting", [])),
    )


def _packages(payload: Json) -> list[tuple[str, Json]]:
    """The packages that a payload buys or changes, each with its path in the payload."""
    return [
        (f"{name}[{number}]", entry)
        for name in ("packages", "new_packages", "purchases")
        for number, entry in enumerate(payload.get(name) or [])
    ]


def _line(entry: Json, path: str) -> Line:
    overlay = entry.get("targeting_overlay") or {}
    said = _told(entry)
    channels = _guessed(str(entry.get("product_id", ""))) if said is None else said
    return Line(
        path,
        _amount(entry.get("budget")),
        channels,
        said is not None,
        tuple(overlay.get("geo_countries") or ()),
        tuple(overlay.get("geo_regions") or ()),
    )


def _told(entry: Json) -> tuple[str, ...] | None:
    """The channels that a package declares under ``ext``; None if it declares none."""
    ext = entry.get("ext")
    said = ext.get("channels") if isinstance(ext, dict) else None
    return tuple(said) if isinstance(said, list) and all(isinstance(name, str) for name in said) else None


def _amount(value: Any) -> int | None:
    """A number as micros; None for anything else."""
    return micros(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _guessed(product_id: str) -> tuple[str, ...]:
    """The channels that the words of a product's id name."""
    found = set(words(product_id))
    return tuple(name for spelled, name in _SPELLED.items() if spelled <= found)


def _money(payload: Json, lines: list[Line], declared: Json | None) -> tuple[int | None, str | None]:
    """What an action commits: the buyer's declaration, the budgets of its packages, or its total budget.

    VALIDATION_ERROR if the declaration is less than what the payload itself says.
    """
    total: Any = payload.get("total_budget")
    currency = payload.get("currency")
    if isinstance(total, dict):
        total, currency = total.get("amount"), total.get("currency")
    budgets = [line.micros for line in lines]
    stated = sum(b for b in budgets if b is not None) if budgets and None not in budgets else None
    if stated is None:
        stated = _amount(total)
    if declared is None:
        return stated, currency
    amount = micros(declared["amount"])
    if "media_buy_id" not in payload and stated is not None and amount < stated:
        why = "proposed_commitment is less than the payload commits"
        raise AdcpError("VALIDATION_ERROR", why, field="proposed_commitment.amount")
    return amount, declared["currency"]


def _account(payload: Json) -> str:
    return canonical(payload["account"]).decode() if isinstance(payload.get("account"), dict) else ""


def _instant(text: Any, path: str) -> int | None:
    if text is None:
        return None
    try:
        return parse_instant(str(text))
    except ValueError as error:
        raise AdcpError("VALIDATION_ERROR", f"not an instant: {text!r}", field=path) from error


def _exempt(tool: str, payload: Json, declared: Json | None) -> bool:
    """True if all that an action does reduces risk; one thing that does not makes the whole of it governed."""
    if tool == "activate_signal":
        return payload.get("action") == "deactivate"
    free = declared is not None and declared["amount"] == 0
    if tool == "build_creative":
        return free or payload.get("mode") == "estimate"
    if tool not in ("update_media_buy", "control_media_buy", "update_rights"):
        return False
    if payload.get("canceled") is True:
        return True
    packages = payload.get("packages") or []
    rest = {name for name in payload if name not in _ENVELOPE} - {"packages"}
    smaller = ("total_budget", "impression_cap") if free else ()
    harmless = all((name == "paused" and payload[name] is True) or name in smaller for name in rest)
    return harmless and bool(rest or packages) and all(_reduces(entry, free) for entry in packages)


def _reduces(entry: Json, free: bool) -> bool:
    """``free``: the buyer declares that the action costs nothing more, so that a budget in it is a smaller one."""
    known = {"package_id", "cancellation_reason", "context", "ext"}
    return all(
        (name in ("paused", "canceled") and value is True) or (name == "budget" and free)
        for name, value in entry.items()
        if name not in known
    )
