"""What all tests share: a slow machine fails no property test, the command line leaves the process as it was, and what
takes minutes begins first, so that nothing has to wait for it at the end."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Iterator

import pytest
from hypothesis import settings

settings.register_profile("sandbox", deadline=None)
settings.load_profile("sandbox")


@pytest.fixture(autouse=True)
def _process_stays_as_it_was() -> Iterator[None]:
    """The command line lets SIGPIPE end its process and collects no garbage; tests call it in theirs."""
    handler = signal.getsignal(signal.SIGPIPE)
    yield
    signal.signal(signal.SIGPIPE, handler)
    gc.unfreeze()
    gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long tests first; the others stay in their order.

    ``--dist worksteal`` gives each worker a part of the list to begin with, as long as those of the others: each part
    begins with its share of what is long.
    """
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    long = [item for item in items if item.get_closest_marker("long")]
    others = [item for item in items if not item.get_closest_marker("long")]
    dealt: list[pytest.Item] = []
    for worker in range(workers):
        first = long[worker::workers]
        size = (len(items) - len(dealt)) // (workers - worker) - len(first)
        dealt += first + others[:size]
        del others[:size]
    items[:] = dealt
