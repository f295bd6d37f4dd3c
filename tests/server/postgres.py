"""A PostgreSQL server for one test, from the programs that are installed."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import Self

import pytest


def _programs() -> Path | None:
    """Where initdb and postgres are; Debian keeps them off the PATH."""
    found = shutil.which("initdb")
    folders = [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


available = pytest.mark.skipif(_programs() is None, reason="needs PostgreSQL (apt install postgresql)")


class Postgres:
    """Starts a server with an empty database; it keeps nothing."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="adcp-sandbox-postgres-"))
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.url = f"postgresql://sandbox@127.0.0.1:{self.port}/postgres"

    def __enter__(self) -> Self:
        programs = _programs()
        assert programs is not None
        user: dict[str, object] = {}
        if os.geteuid() == 0:  # the server refuses to run as root
            shutil.chown(self.folder, "postgres", "postgres")
            user = {"user": "postgres", "group": "postgres"}
        data = self.folder / "data"
        subprocess.run(
            [programs / "initdb", "-D", data, "-U", "sandbox", "--auth=trust", "--no-sync"],
            check=True, capture_output=True, cwd=self.folder, **user,
        )  # fmt: skip
        self._control = [programs / "pg_ctl", "-D", data, "-w"]
        self._user = user
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1"
        with (self.folder / "log").open("w") as log:
            subprocess.run(
                [*self._control, "-o", options, "start"], check=True, stdout=log, stderr=log, cwd=self.folder, **user
            )
        return self

    def __exit__(self, *_: object) -> None:
        stop = [*self._control, "-m", "immediate", "stop"]
        subprocess.run(stop, check=True, capture_output=True, cwd=self.folder, **self._user)
        shutil.rmtree(self.folder)
