"""get_signals: search, filters, pages and where signals are live (docs/signals/tasks/get_signals.mdx)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from agents.seller.wire import page
from agents.signals.activation import agent_of, deployments_of
from agents.signals.config import SignalConfig
from agents.signals.matching import ranked
from sandbox.core.errors import AdcpError

if TYPE_CHECKING:
    from agents.signals.agent import SignalsAgent
    from sandbox.kernel.endpoint import Context

Body = dict[str, Any]

_ALWAYS = ("signal_agent_segment_id", "name", "description", "signal_type", "deployments", "signal_id", "signal_ref")
"""Fields that every row has, whatever ``fields`` says: the schema requires them, or they identify the signal."""

_ALWAYS_30 = ("data_provider", "coverage_percentage", "pricing_options")
"""Fields that release 3.0 requires besides."""


def get_signals(ctx: Context, request: Body) -> Body:
    """Signals by description, by reference, or all of them (``wholesale``), filtered and paged."""
    agent = agent_of(ctx)
    found = [s for s in _asked(agent, request) if _passes(s, request)]
    if "max_results" in request:
        found = found[: request["max_results"]]
    rows, pagination = page(found, request.get("pagination"))
    return {
        "status": "completed",
        "signals": [_row(ctx, agent, signal, request) for signal in rows],
        "pagination": pagination,
        "cache_scope": "account",  # rows tell where the caller's signals are live
    }


def _asked(agent: SignalsAgent, request: Body) -> list[SignalConfig]:
    """The signals that a request names or describes; what it names comes whatever the description."""
    catalog = list(agent.signals.values())
    if request.get("discovery_mode") == "wholesale":
        return catalog
    refs = [*request.get("signal_ids", []), *request.get("signal_refs", [])]
    if not refs and not request.get("signal_spec"):
        why = "describe the audience, or name signals"
        raise AdcpError("INVALID_REQUEST", why, "signal_spec", suggestion="discovery_mode wholesale lists everything")
    named = [signal for signal in catalog if any(_means(agent, ref, signal) for ref in refs)]
    spec = request.get("signal_spec")
    described = ranked(catalog, spec) if spec else []
    return [*named, *(signal for signal in described if signal not in named)]


def _means(agent: SignalsAgent, ref: Body, signal: SignalConfig) -> bool:
    name, origin = ref.get("id", ref.get("signal_id")), ref.get("data_provider_domain")
    source = ref.get("agent_url", ref.get("signal_source_url"))
    if name != signal.id:
        return False
    return origin == signal.provider if origin is not None else source is None or source.rstrip("/") == agent.url


def _passes(signal: SignalConfig, request: Body) -> bool:
    countries = request.get("countries", [])
    if signal.countries and countries and not set(countries).intersection(signal.countries):
        return False
    return all(_FILTERS[name](signal, value) for name, value in request.get("filters", {}).items() if name in _FILTERS)


def _within(signal: SignalConfig, model: str, most: float) -> bool:
    """False if the signal has prices of a model and all are higher; other models don't matter."""
    prices = [price.price for price in signal.prices if price.model == model]
    return not prices or min(prices) <= most


_FILTERS: dict[str, Callable[[SignalConfig, Any], bool]] = {
    "catalog_types": lambda signal, wanted: kind_of(signal) in wanted,
    "data_providers": lambda signal, wanted: bool({signal.provider, signal.provider_name}.intersection(wanted)),
    "max_cpm": lambda signal, most: _within(signal, "cpm", most),
    "max_percent": lambda signal, most: _within(signal, "percent_of_media", most),
    "min_coverage_percentage": lambda signal, least: signal.coverage >= least,
}


def kind_of(signal: SignalConfig) -> str:
    """``marketplace`` for a provider's signal, ``owned`` for the agent's own."""
    return "owned" if signal.provider is None else "marketplace"


def _row(ctx: Context, agent: SignalsAgent, signal: SignalConfig, request: Body) -> Body:
    row: Body = {
        **_identity(agent, signal),
        "signal_agent_segment_id": signal.id,
        "name": signal.name,
        "description": signal.description,
        "value_type": signal.value_type,
        "signal_type": kind_of(signal),
        "data_provider": signal.provider_name or signal.provider or agent.name,
        "coverage_percentage": signal.coverage,
        "deployments": deployments_of(ctx, agent, signal, request.get("destinations")),
        "pricing_options": [price.wire() for price in signal.prices],
    }
    if signal.categories:
        row["categories"] = signal.categories
    if signal.range is not None:
        row["range"] = {"min": signal.range[0], "max": signal.range[1]}
    if signal.countries:
        row["countries"] = signal.countries
    if "fields" not in request:
        return row
    kept = {*_ALWAYS, *request["fields"], *(_ALWAYS_30 if ctx.version == "3.0" else ())}
    return {name: value for name, value in row.items() if name in kept}


def _identity(agent: SignalsAgent, signal: SignalConfig) -> Body:
    """Who says so: the provider's catalog, which can be verified, or the agent itself; in the old and the new form."""
    if signal.provider is not None:
        domain = {"data_provider_domain": signal.provider}
        return {
            "signal_id": {"source": "catalog", **domain, "id": signal.id},
            "signal_ref": {"scope": "data_provider", **domain, "signal_id": signal.id},
        }
    return {
        "signal_id": {"source": "agent", "agent_url": agent.url, "id": signal.id},
        "signal_ref": {"scope": "signal_source", "signal_source_url": agent.url, "signal_id": signal.id},
    }
