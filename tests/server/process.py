"""A sandbox that is served by a process of its own, as users start it; it can be stopped and started again."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import httpx

from tests.server.conftest import Live


class Process(Live):
    """``adcp-sandbox serve`` in a folder, with its journal there; a client like :class:`Live`."""

    def __init__(self, folder: Path, world: str = "worlds/default") -> None:
        self.folder, self.world = folder, world
        self.errors = folder / "stderr.txt"
        self.start()

    def start(self) -> None:
        """Start serving what the journal has; raises if that fails."""
        ready = self.folder / "ready.json"
        ready.unlink(missing_ok=True)
        command = [
            sys.executable,
            "-m",
            "sandbox.cli",
            "serve",
            self.world,
            "--port",
            "0",
            "--agents-port",
            "0",
            "--ready-file",
            str(ready),
        ]
        with self.errors.open("ab") as errors:
            self.process = subprocess.Popen(
                [*command, "--journal", f"sqlite:///{self.folder}/journal.db"],
                cwd=self.folder,
                stdout=subprocess.DEVNULL,
                stderr=errors,
            )
        while not (ready.exists() and ready.read_text().endswith("\n")):
            assert self.process.poll() is None, self.errors.read_text()
            time.sleep(0.02)
        self.line = json.loads(ready.read_text())
        self.http = httpx.Client(base_url=self.line["buyer_api"], timeout=120)

    def stop(self) -> None:
        """Stop serving; the journal stays."""
        self.http.close()
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(60)

    def restart(self) -> int:
        """Stop and start again; gives the number of inputs that were done again."""
        self.stop()
        self.start()
        return int(self.line["replayed"])
