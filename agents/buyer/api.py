"""All operations of the platform, resource by resource."""

from __future__ import annotations

from collections.abc import Iterator

from agents.buyer import (
    accounts,
    advertisers,
    autoselect,
    campaigns,
    catalogs,
    discovery,
    event_sources,
    events,
    execution,
    formats,
    manifests,
    property_lists,
    reporting,
    selection,
    status_sync,
    suggestions,
)
from sandbox.kernel.endpoint import Operation
from sandbox.operations import Group


def groups() -> tuple[Group, ...]:
    """The resources, in the order of the documentation."""
    return (
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
        catalogs.operation,
        property_lists.operation,
        manifests.operation,
        formats.operation,
        reporting.operation,
        suggestions.operation,
    )


def operations() -> Iterator[Operation]:
    """Every operation of every resource."""
    return (row for group in groups() for row in group)
