"""Files that go with a request of a step: beside the scenario, or written in it."""

from __future__ import annotations

import binascii
from base64 import b64decode
from mimetypes import MimeTypes
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field, model_validator

from sandbox.operations.operation import MAX_FILE_BYTES
from sandbox.scenario.conditions import Strict
from sandbox.scenario.references import resolve

if TYPE_CHECKING:
    from sandbox.kernel.blobs import Blobs
    from sandbox.scenario.source import Document, Where


class FileSpec(Strict):
    """A file of a request. Its content is one of ``path``, ``text`` (in which ``$name`` is replaced) and ``base64``."""

    path: str | None = Field(None, description="the file, from the folder of the scenario")
    text: str | None = Field(None, description="its content, as UTF-8")
    base64: str | None = Field(None, description="its content, in base64")
    name: str = Field("", description="what the request calls it; by default the name of the file")
    type: str = Field("", description="its content type; by default that of its name")
    field: str = Field("files", description="the field of the form")

    @model_validator(mode="after")
    def _one_content(self) -> FileSpec:
        if sum(given is not None for given in (self.path, self.text, self.base64)) != 1:
            raise ValueError("say one of `path`, `text` and `base64`")
        if not (self.path or self.name):
            raise ValueError("a file that is written here needs a `name`")
        if self.base64 is not None:
            try:
                b64decode(self.base64, validate=True)
            except binascii.Error:
                raise ValueError("`base64` is no base64") from None
        return self

    def content(self, names: dict[str, Any]) -> bytes:
        """The bytes; ``names`` is what ``$name`` stands for."""
        if self.path is not None:
            return Path(self.path).read_bytes()
        return b64decode(self.base64) if self.base64 is not None else str(resolve(self.text, names)).encode()

    def upload(self, files: Blobs, names: dict[str, Any]) -> dict[str, Any]:
        """The file as requests have it: ``{filename, content_type, size, sha256, field}``; ``files`` gets the bytes."""
        content, name = self.content(names), self.name or Path(self.path or "").name
        kind = self.type or type_of(name)
        row = {"filename": name, "content_type": kind, "size": len(content), "sha256": files.put(content)}
        return {**row, "field": self.field}


def type_of(name: str) -> str:
    """The content type of files that are called like this, the same on all machines."""
    return MimeTypes().guess_type(name)[0] or "application/octet-stream"


def locate_files(document: Document) -> None:
    """Make the paths of all files absolute. Raises :class:`InputError` for one that is not there, or is too large."""
    steps = document.data.get("steps")
    for number, step in enumerate(steps if isinstance(steps, list) else ()):
        files = step.get("files") if isinstance(step, dict) else None
        for place, file in enumerate(files if isinstance(files, list) else ()):
            if isinstance(file, dict) and isinstance(file.get("path"), str):
                file["path"] = str(_located(document, file["path"], ("steps", number, "files", place, "path")))


def _located(document: Document, name: str, where: Where) -> Path:
    source = Path(document.place(where).rpartition(":")[0])
    path = (source.parent / name).absolute()
    if not path.is_file():
        hint = f"a path begins at {source.parent}" if source.exists() else "write it as `text` or `base64`"
        raise document.error(f"there is no file {name}", where, hint)
    if path.stat().st_size > MAX_FILE_BYTES:
        raise document.error(f"{name} is larger than {MAX_FILE_BYTES >> 20} MB, which no request may send", where)
    return path
