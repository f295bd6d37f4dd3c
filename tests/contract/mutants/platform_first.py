"""Buyer platforms that are broken in one way each: for the checks over MCP, and of accounts, agents and flights."""

from __future__ import annotations

from typing import Any

from tests.contract.mutants.platform_parts import CAMPAIGNS, ONE, TAKES_CAMPAIGN, V2, Matching, Sent, Takes
from tests.contract.mutants.proxy import Accepts, Call, Instead, Mutant, Said, Says, add, drop, put

DISCOVER = f"POST {V2}/discovery/discover-products"


def _typed(call: Call) -> bool:
    """True for a call with a number or a truth value as text."""
    params = (call.body.get("params") or {}) if call.name == "api_call" else {}
    return any(str(value).isdigit() for value in params.values())


def _forgets_rows(body: Any) -> Any:
    return {**body, "items": []} if "items" in body else body


SENT_ACCOUNT = "debugLogs.*.request.body.account"
WRONG = Said(200, {"code": "VALIDATION_ERROR", "message": "limit: a number, please"}, failed=True)

FIRST: dict[str, Mutant] = {
    "tools.errors": Says("api_call", drop("code"), refusals=True),
    "tools.api_call": Says("api_call", _forgets_rows),
    "tools.texts": Instead(_typed, WRONG),
    "tools.no_switch": Accepts("api_call", {"customerId": 1}),
    "tools.switch": Says("api_call", put("id", add(1))),
    "tools.members_only": Accepts("customer_switch", {"customerId": 1}),
    "tools.news": Says("ask_about_capability", put("content", [{"type": "text", "text": "Just do it."}])),
    "accounts.linked": Says(DISCOVER, put(f"agentResults.*.{SENT_ACCOUNT}.account_id", "another")),
    "accounts.sandbox": Matching(
        "POST ", "/execute", put(f"errors.*.debug.{SENT_ACCOUNT}.account_id", "acct_of_money")
    ),
    "accounts.not_active": Takes(f"POST {V2}/storefronts/", status=201),
    "accounts.marketplace": Takes(f"POST {V2}/storefronts/", status=201),
    "advertisers.links_added": Says(f"GET {V2}/advertisers/", put("linkedAccounts", lambda rows: rows[-1:])),
    "advertisers.relinked": Sent("PUT ", "", drop("brand")),
    "advertisers.no_brand": TAKES_CAMPAIGN,
    "advertisers.nothing_without_brand": Takes(f"POST {V2}/advertisers/", "/catalogs/sync"),
    "audiences.of_campaign": Says(ONE, drop("audiences.*.enabledAt")),
    "lifecycle.partial_failure": Matching("POST ", "/execute", put("errors", lambda _: [])),
    "lifecycle.surfaced": Says(ONE, put("mediaBuyStatus", "ACTIVE")),
    "lifecycle.input_required": Says(ONE, put("mediaBuyRefs.*.status", "PENDING_APPROVAL")),
    "buys.pending": Takes(f"PUT {CAMPAIGNS}"),
    "periods.gap": Sent(f"POST {CAMPAIGNS}", "", drop("pacingPeriods")),
    "caps.union": Sent(f"POST {V2}/advertisers", "", drop("frequencyCaps")),
    "caps.all_publishers": Sent(f"POST {CAMPAIGNS}", "", drop("frequencyCaps")),
}
"""By the name of the check that must fail."""
