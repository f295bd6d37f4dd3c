"""Runs the official conformance storyboards against a served sandbox and tells how it did.

    python -m tests.contract.storyboards [--transport mcp|a2a|both] [--json] [--verbose] [ID…]

The runner is the npm package ``@adcp/sdk``; it is fetched once, into a folder of the user's cache. Each storyboard gets
a fresh world, and the agent whose part it is about (``AGENTS``).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.kernel.network import Network
from tests.contract.serving import serving

PACKAGE = "@adcp/sdk@6.11.0"
HERE = Path(__file__).parent
WORLD = HERE / "world.yaml"
START = "2026-04-01T00:00:00Z"
"""When the world begins: before every date in a storyboard."""

AGENTS = {
    "open": "capability_discovery schema_validation error_compliance idempotency v3_envelope_integrity "
    "webhook_emission deterministic_testing security_baseline pagination_integrity "
    "pagination_integrity_creative_formats pagination_integrity_list_accounts get_media_buys_pagination_integrity "
    "media_buy_seller media_buy_seller/create_media_buy_async media_buy_seller/creative_fate_after_cancellation "
    "media_buy_seller/delivery_reporting media_buy_seller/invalid_transitions "
    "media_buy_seller/inventory_list_no_match media_buy_seller/inventory_list_targeting "
    "media_buy_seller/measurement_terms_rejected media_buy_seller/pending_creatives_to_start "
    "media_buy_state_machine creative_sales_agent sales_non_guaranteed creative_generative/seller",
    "guaranteed": "sales_guaranteed",
    "proposer": "sales_proposal_mode media_buy_seller/proposal_finalize media_buy_seller/refine_products",
    "shelf": "sales_catalog_driven",
    "social": "sales_social audience_sync",
    "broadcast": "sales_broadcast_tv",
    "signed": "signed_requests",
    "heedful": "governance_aware_seller media_buy_seller/governance_approved media_buy_seller/governance_conditions "
    "media_buy_seller/governance_denied media_buy_seller/governance_denied_recovery",
    "house": "media_buy_governance_escalation governance_spend_authority governance_delivery_monitor",
    "governor": "governance_spend_authority/denied property_lists collection_lists content_standards "
    "pagination_integrity_property_lists pagination_integrity_collection_lists pagination_integrity_content_standards",
    "templates": "creative_lifecycle creative_template",
    "imagination": "creative_generative",
    "adserver": "creative_ad_server",
    "prism": "signals_baseline signal_owned get_signals_pagination_integrity",
    "exchange": "signal_marketplace signal_marketplace/governance_denied",
    "talent": "brand_baseline brand_rights",
    "rights": "brand_rights/governance_denied",
    "assistant": "si_baseline",
}
"""Which agent of the world plays the part of each storyboard. A storyboard may bring others along as its scenarios."""

CONTEXT = {name: {"governance_agent_url": Network.url("governor")} for name in ("exchange", "rights")}
"""What storyboards take for known and no step of theirs finds out, by the agent that plays."""

UNPLAYED: dict[str, str] = {}
"""Storyboards of the release that are not played, and why."""

ROLE = {storyboard: agent for agent, names in AGENTS.items() for storyboard in names.split()}


@dataclass(slots=True)
class Outcome:
    """How one storyboard went; ``failures`` are ``{storyboard_id, step_id, error, validation}``."""

    storyboard: str
    agent: str
    transport: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    failures: list[dict[str, Any]] = field(default_factory=list)
    detail: Any = None

    @property
    def clean(self) -> bool:
        """True if something was checked and nothing failed."""
        return self.passed > 0 and self.failed == 0


def missing() -> str:
    """Why storyboards can't be run here; empty if they can."""
    return "" if shutil.which("node") and shutil.which("npm") else "node and npm are not installed"


def sdk() -> Path:
    """The folder of the package, which is fetched if it is not there yet."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "adcp-sandbox" / "conformance"
    folder = base / "node_modules" / "@adcp" / "sdk"
    if not (folder / "package.json").exists():
        base.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(base), PACKAGE], check=True, stdout=2
        )
    return folder


def released() -> list[str]:
    """The ids of all storyboards of the release."""
    request = json.dumps({"sdk": str(sdk()), "list": True})
    told = subprocess.run(["node", str(HERE / "runner.mjs")], input=request, capture_output=True, text=True, check=True)
    return list(json.loads(told.stdout))


@contextmanager
def served() -> Iterator[dict[str, Any]]:
    """The world of the storyboards, served by a process of its own; gives its ready line."""
    with serving(str(WORLD), "--start", START, "--clock", "real") as (_, line):
        yield line


def _stop(_number: int, _frame: object) -> None:
    raise SystemExit(1)


def run(storyboards: Sequence[str], transport: str, line: dict[str, Any], verbose: bool = False) -> Iterator[Outcome]:
    """Run storyboards against the sandbox of a ready line, those of one agent after another."""
    for agent_id in dict.fromkeys(ROLE[name] for name in storyboards):
        wanted = [name for name in storyboards if ROLE[name] == agent_id]
        yield from _played(agent_id, transport, line, {"storyboards": wanted, "verbose": verbose})


def _played(agent_id: str, transport: str, line: dict[str, Any], wish: dict[str, Any]) -> Iterator[Outcome]:
    agent = next(row for row in line["agents"] if row["id"] == agent_id)
    request = {
        "sdk": str(sdk()),
        "agent": agent[transport],
        "token": agent["token"],
        "protocol": transport,
        "reset": f"{line['control']}/reset",
        "now": START,
        "context": CONTEXT.get(agent_id, {}),
        **wish,
    }
    command = ["node", str(HERE / "runner.mjs")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(request))
        process.stdin.close()
        for text in process.stdout:
            yield _outcome(json.loads(text), agent_id, transport)


def _outcome(line: dict[str, Any], agent_id: str, transport: str) -> Outcome:
    if "error" in line:
        return Outcome(line["id"], agent_id, transport, failed=1, failures=[{"error": line["error"]}])
    counts = line["summary"]
    outcome = Outcome(line["id"], agent_id, transport, detail=line.get("result"), failures=line["failures"])
    outcome.passed, outcome.failed = counts["steps_passed"], counts["steps_failed"]
    outcome.skipped = counts["steps_skipped"]
    return outcome


def table(outcomes: Sequence[Outcome]) -> str:
    """The outcomes as a table, with a line for every failure below its storyboard."""
    rows = [f"{'storyboard':52}{'agent':12}{'transport':11}{'passed':>7}{'failed':>7}{'skipped':>8}"]
    for one in outcomes:
        counts = f"{one.passed:7}{one.failed:7}{one.skipped:8}"
        rows.append(f"{one.storyboard:52}{one.agent:12}{one.transport:11}{counts}")
        for failure in one.failures:
            check = failure.get("validation") or {}
            why = (
                failure.get("error") or f"{check.get('check')} {check.get('json_pointer')}: {check.get('description')}"
            )
            more = f" (expected {check.get('expected')}, found {check.get('actual')})" if check else ""
            rows.append(f"    {failure.get('storyboard_id')}/{failure.get('step_id')}: {str(why)[:400]}{more[:300]}")
    played = {one.storyboard for one in outcomes}
    rows += [f"{name}: not played: {why}" for name, why in UNPLAYED.items() if name not in played]
    clean = sum(all(one.clean for one in outcomes if one.storyboard == name) for name in played)
    rows.append(f"{clean} of {len(played)} storyboards passed; the release has {len(ROLE) + len(UNPLAYED)}")
    return "\n".join(rows)


def main() -> int:
    """Run what the command line names, or everything; exit code 1 if a step failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.contract.storyboards")
    parser.add_argument("--transport", choices=("mcp", "a2a", "both"), default="mcp")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--verbose", action="store_true", help="with --json: everything that the runner tells")
    parser.add_argument("storyboards", nargs="*", metavar="ID", help=", ".join(ROLE))
    given = parser.parse_args()
    unknown = [name for name in given.storyboards if name not in ROLE]
    if unknown or missing():
        parser.error(missing() or f"unknown storyboards {', '.join(unknown)}")
    signal.signal(signal.SIGTERM, _stop)
    with served() as line:
        names = given.storyboards or list(ROLE)
        over = ("mcp", "a2a") if given.transport == "both" else (given.transport,)
        outcomes = [one for transport in over for one in run(names, transport, line, given.verbose)]
    if given.json:
        rows = [{name: getattr(one, name) for name in Outcome.__slots__} for one in outcomes]
        sys.stdout.write(json.dumps(rows, indent=2) + "\n")
    else:
        sys.stdout.write(table(outcomes) + "\n")
    return 0 if all(one.clean for one in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
