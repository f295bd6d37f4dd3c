"""The digests of all shipped scenarios: the same seed plays the same way, until somebody changes that on purpose.

``python -m tests.scenarios.digests`` (``make digests``) writes them again; the change belongs into the commit that
makes it, with the reason.
"""

from __future__ import annotations

import json
from pathlib import Path

from sandbox.scenario import load, run
from sandbox.scenario.catalog import shipped

FILE = Path(__file__).with_name("digests.json")


def pinned() -> dict[str, str]:
    """Digest by scenario."""
    known: dict[str, str] = json.loads(FILE.read_text(encoding="utf-8"))
    return known


def main() -> None:
    """Play all scenarios and write down their digests."""
    found = {name: run(load(name)).digest for name in sorted(shipped())}
    FILE.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
