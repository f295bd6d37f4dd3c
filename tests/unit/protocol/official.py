"""The official documents as the SDK ships them, read without our own loader."""

import json
from importlib.resources import files
from typing import Any


def official(version: str, path: str) -> Any:
    """A document of the official tree of a release."""
    return json.loads((files("adcp") / "_schemas" / version / path).read_text("utf-8"))
