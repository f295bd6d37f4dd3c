"""The door of a sales agent: its tools and how they are served."""

from __future__ import annotations

from functools import partial
from types import FunctionType
from typing import TYPE_CHECKING, Any

from agents.seller.accounts import list_accounts, sync_accounts
from agents.seller.audiences import sync_audiences
from agents.seller.capabilities import get_adcp_capabilities
from agents.seller.compact.tools import compact_changes, compact_reads
from agents.seller.controller.tool import comply_test_controller
from agents.seller.creative_formats import list_creative_formats
from agents.seller.creatives import list_creatives, sync_creatives
from agents.seller.delivery import get_media_buy_delivery
from agents.seller.feedback import provide_performance_feedback
from agents.seller.financials import get_account_financials
from agents.seller.governance import sync_governance
from agents.seller.media_buys import create_media_buy, get_media_buys
from agents.seller.products import get_products
from agents.seller.sandbox import key_space
from agents.seller.synced import log_event, sync_catalogs, sync_event_sources
from agents.seller.tasks import get_task_status, list_tasks
from agents.seller.updates import update_media_buy
from sandbox.kernel.endpoint import Endpoint, Operation

if TYPE_CHECKING:
    from agents.seller.seller import Seller

_READS: tuple[Any, ...] = (
    get_adcp_capabilities,
    list_accounts,
    get_products,
    list_creative_formats,
    get_media_buys,
    get_media_buy_delivery,
    get_task_status,
    list_tasks,
)
_CHANGES: tuple[Any, ...] = (
    sync_accounts,
    create_media_buy,
    update_media_buy,
    provide_performance_feedback,
)


def make_endpoint(seller: Seller) -> Endpoint:
    """All tools of the agent.

    Those of the library are there unless it says that it has none, those for buyers' own data if it takes any.
    """
    from agents.seller.dialect import GovernedDialect

    config, reads, changes = seller.config, list(_READS), list(_CHANGES)
    if config.creative_library is not False:
        reads.append(list_creatives)
        changes.append(sync_creatives)
    if config.financials is not None:
        reads.append(get_account_financials)
    reads += compact_reads(config)
    changes += compact_changes(config)
    if config.audience_targeting is not None:
        changes.append(sync_audiences)
    if config.event_tracking:
        changes += [sync_event_sources, log_event]
    if config.catalog_management:
        changes.append(sync_catalogs)
    if config.test_controller:
        changes.append(comply_test_controller)
    same = partial(key_space, config.accounts)
    dialect = GovernedDialect(
        config.adcp_versions,
        echo_key=config.echo_idempotency_key,
        same_account=same,
        signing=config.request_signing,
    )
    operations = [Operation(_name(handler), handler) for handler in reads]
    operations += [Operation(_name(handler), handler, mutating=True) for handler in changes]
    if config.governance_aware:
        secrets = ("accounts",)  # credentials of governance agents stand in it
        operations.append(Operation("sync_governance", sync_governance, mutating=True, secrets=secrets))
    return Endpoint(seller, dialect, operations)


def _name(handler: FunctionType) -> str:
    """A tool is named as the function that serves it."""
    return handler.__name__
