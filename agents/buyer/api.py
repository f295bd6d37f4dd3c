"""All operations of the platform, resource by resource."""

from __future__ import annotations

from collections.abc import Iterator

from agents.buyer import (
    accounts,
    activity,
    advertisers,
    audiences,
    authorization,
    autoselect,
    campaigns,
    catalogs,
    credentials,
    discovery,
    event_sources,
    events,
    execution,
    formats,
    list_agent,
    manifests,
    measurement_data,
    measurement_engine,
    measurement_freshness,
    members,
    notifications,
    property_checks,
    property_lists,
    reporting,
    selection,
    status_sync,
    storefronts,
    suggestions,
    syndication,
    tasks,
    test_cohorts,
)
from agents.buyer.creative import clicks, dashboard, files, preview
from agents.buyer.outcome import operations as tactics
from agents.buyer.outcome import registration, rest_v1
from agents.buyer.sessions import operations as creative_sessions
from sandbox.kernel.endpoint import Operation
from sandbox.operations import Group


def groups() -> tuple[Group, ...]:
    """The resources, in the order of the documentation."""
    return (
        members.operation,
        storefronts.operation,
        credentials.operation,
        authorization.operation,
        advertisers.operation,
        accounts.operation,
        campaigns.operation,
        execution.operation,
        autoselect.operation,
        status_sync.operation,
        discovery.operation,
        selection.operation,
        event_sources.operation,
        events.operation,
        measurement_data.operation,
        measurement_engine.operation,
        measurement_freshness.operation,
        test_cohorts.operation,
        catalogs.operation,
        audiences.operation,
        syndication.operation,
        tasks.operation,
        property_lists.operation,
        property_checks.operation,
        list_agent.operation,
        activity.operation,
        notifications.operation,
        manifests.operation,
        creative_sessions.operation,
        preview.operation,
        preview.pages,
        dashboard.operation,
        files.operation,
        clicks.operation,
        formats.operation,
        reporting.operation,
        reporting.files,
        suggestions.operation,
        tactics.operation,
        registration.operation,
        rest_v1.operation,
    )


def operations() -> Iterator[Operation]:
    """Every operation of every resource."""
    return (row for group in groups() for row in group)
