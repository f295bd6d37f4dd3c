"""Checks of identifiers against the property registry, and the reports of them (rules 157 to 160).

The registry knows domains alone. An identifier of another type is therefore never more than "to be assessed", and no
registry call, hence no report, is made for it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NotRequired

from typing_extensions import TypedDict

from agents.buyer.context import customer_of, platform_of
from agents.buyer.property_lists import MAX_ENTRIES, DomainName, Identifier, TypedIdentifier, known
from agents.buyer.wire import group
from sandbox.core.errors import ApiError
from sandbox.core.time import DAY_MS
from sandbox.kernel.endpoint import Context
from sandbox.operations import Body, Group, Request

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform

operation: Group = group("property checks")

CHUNK = 10_000
"""Domains in one registry call, and so in one report."""

KEPT_MS = 7 * DAY_MS
"""How long a report can be read."""

Bucket = Literal["remove", "modify", "assess", "ok"]
BUCKETS: tuple[Bucket, ...] = ("remove", "modify", "assess", "ok")

_SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*://")
_PREFIXES = ("www", "m")


class CheckList(Body):
    """Body of ``check_property_list``; every entry counts, also one that is given twice."""

    domains: list[DomainName] = []
    identifiers: list[Identifier] = []


class Summary(TypedDict):
    """How many identifiers are in each bucket; they add up to ``total``."""

    total: int
    remove: int
    modify: int
    assess: int
    ok: int


class Removed(TypedDict):
    """A domain to remove. ``reason`` is duplicate or blocked; ``domain_type`` says what a blocked one is."""

    input: str
    canonical: str
    reason: Literal["duplicate", "blocked"]
    domain_type: NotRequired[str]
    identifier: TypedIdentifier


class Modified(TypedDict):
    """A domain that is written in another way."""

    input: str
    canonical: str
    reason: str
    identifier: TypedIdentifier


class Unknown(TypedDict):
    """An identifier that the registry says nothing about."""

    domain: str
    identifier: TypedIdentifier


class Known(TypedDict):
    """A domain of the registry."""

    domain: str
    source: Literal["registry"]
    identifier: TypedIdentifier


class CheckResult(TypedDict):
    """Answer of ``check_property_list``; report ids only if a domain was among the identifiers (rule 159)."""

    summary: Summary
    remove: list[Removed]
    modify: list[Modified]
    assess: list[Unknown]
    ok: list[Known]
    reportId: NotRequired[str]
    reportIds: NotRequired[list[str]]


class CheckReport(TypedDict):
    """Answer of ``get_property_list_report``."""

    summary: Summary


@dataclass(slots=True, frozen=True)
class Report:
    """What one registry call found out."""

    customer_id: int
    made_ms: int
    counts: Counter[Bucket]


class PropertyChecks:
    """The reports of the last seven days."""

    def __init__(self, platform: BuyerPlatform) -> None:
        self._platform = platform
        self._reports: dict[str, Report] = {}

    def keep(self, customer_id: int, found: list[Bucket]) -> list[str]:
        """Keep what became of a request's domains, in order; gives the ids of its reports."""
        now = self._platform.now
        self._reports = {key: one for key, one in self._reports.items() if now < one.made_ms + KEPT_MS}
        ids = []
        for first in range(0, len(found), CHUNK):
            ids.append(self._platform.ids.next("rpt"))
            self._reports[ids[-1]] = Report(customer_id, now, Counter(found[first : first + CHUNK]))
        return ids

    def get(self, customer_id: int, report_id: str) -> Report | None:
        """A report of a customer that has not expired."""
        found = self._reports.get(report_id)
        if found is None or found.customer_id != customer_id or self._platform.now >= found.made_ms + KEPT_MS:
            return None
        return found


@operation(
    "check_property_list",
    "POST",
    "/property-lists/check",
    body=CheckList,
    answer=CheckResult,
    rules=(157, 158, 159),
)
def check_property_list(ctx: Context, request: Request) -> dict[str, Any]:
    """Sort identifiers into those to remove, to modify, to assess and those that are fine."""
    platform, body = platform_of(ctx), request.body
    given = [("domain", domain) for domain in body.domains]
    given += [(item.type, item.value) for item in body.identifiers]
    if not 1 <= len(given) <= MAX_ENTRIES:
        raise ApiError("VALIDATION_ERROR", f"give 1 to {MAX_ENTRIES:,} domains and identifiers", "identifiers")
    registry = Registry(platform)
    buckets: dict[Bucket, list[dict[str, Any]]] = {bucket: [] for bucket in BUCKETS}
    of_domains: list[Bucket] = []
    for kind, value in given:
        bucket, row = registry.check(kind, value)
        buckets[bucket].append({**row, "identifier": {"type": kind, "value": value}})
        if kind == "domain":
            of_domains.append(bucket)
    counts = Counter({bucket: len(rows) for bucket, rows in buckets.items()})
    answer: dict[str, Any] = {"summary": _summary(counts)} | {bucket: buckets[bucket] for bucket in BUCKETS}
    if of_domains:
        answer["reportIds"] = platform.checks.keep(customer_of(ctx).customer_id, of_domains)
        answer["reportId"] = answer["reportIds"][0]
    return answer


@operation(
    "get_property_list_report", "GET", "/property-lists/reports/{reportId}", answer=CheckReport, rules=(13, 159, 160)
)
def get_property_list_report(ctx: Context, request: Request) -> dict[str, Any]:
    """What one registry call of a check found out, for seven days."""
    report_id = request.path["reportId"]
    found = platform_of(ctx).checks.get(customer_of(ctx).customer_id, report_id)
    if found is None:
        raise ApiError("NOT_FOUND", f"there is no report {report_id}; reports expire after 7 days")
    return {"summary": _summary(found.counts)}


def _summary(counts: Counter[Bucket]) -> dict[str, int]:
    return {"total": counts.total(), **{bucket: counts[bucket] for bucket in BUCKETS}}


class Registry:
    """The registry during one check: it remembers which domains it has seen."""

    def __init__(self, platform: BuyerPlatform) -> None:
        settings = platform.config.properties
        self._known = {value for kind, value in known(platform) if kind == "domain"} | set(settings.registered)
        self._blocked: dict[str, str] = dict(settings.blocked)
        self._seen: set[str] = set()

    def check(self, kind: str, text: str) -> tuple[Bucket, dict[str, Any]]:
        """The bucket of an identifier, and its row in there."""
        if kind != "domain":
            return "assess", {"domain": text}
        domain, changes = canonical(text, self._known)
        row = {"input": text, "canonical": domain}
        if domain in self._seen:
            return "remove", {**row, "reason": "duplicate"}
        self._seen.add(domain)
        blocked = next((self._blocked[name] for name in _and_parents(domain) if name in self._blocked), None)
        if blocked is not None:
            return "remove", {**row, "reason": "blocked", "domain_type": blocked}
        if changes:
            return "modify", {**row, "reason": ", ".join(changes)}
        if domain in self._known:
            return "ok", {"domain": domain, "source": "registry"}
        return "assess", {"domain": domain}


def canonical(text: str, registry: Iterable[str] = ()) -> tuple[str, list[str]]:
    """The domain that a text stands for, and what was changed to get there.

    Lower case, without scheme, path and port, without ``www.`` and ``m.`` unless the registry has the domain so.
    """
    given = text.strip()
    domain, changes = given.lower(), []
    bare = re.split(r"[/?#]", _SCHEME.sub("", domain), maxsplit=1)[0]
    bare = bare.rpartition("@")[2].partition(":")[0].strip(".")
    if bare and bare != domain:
        domain = bare
        changes.append("reduced to the domain")
    elif domain != given:
        changes.append("written in lower case")
    for prefix in _PREFIXES:
        rest = domain.removeprefix(f"{prefix}.")
        if domain not in registry and rest != domain and "." in rest:
            domain = rest
            changes.append(f"{prefix} prefix removed")
    return domain, changes


def _and_parents(domain: str) -> Iterable[str]:
    """A domain and those it is part of: ``ad.example.com``, ``example.com``, ``com``."""
    labels = domain.split(".")
    return (".".join(labels[start:]) for start in range(len(labels)))
