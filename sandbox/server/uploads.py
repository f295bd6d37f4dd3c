"""Multipart requests: metadata as JSON, files streamed to the disk and never held in memory whole."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from sandbox.kernel.blobs import Blobs
from sandbox.operations.operation import MAX_FILE_BYTES, MAX_FILES
from sandbox.server.bodies import MAX_JSON_BYTES, parse_object, refused

METADATA = "metadata"
"""The form field that holds the JSON of the request (rule 178)."""

_CHUNK = 256 * 1024


async def read_multipart(
    request: web.Request, files: Blobs, prepare: Callable[[bytes], bytes] = bytes
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Metadata and uploads of a request, in the order of its parts; ``prepare`` is done to the metadata first.

    An upload is ``{filename, content_type, size, sha256, field}``. Raises VALIDATION_ERROR for a form that is
    no form, more than 20 files, and a file of more than 50 MB; a file that did not come whole is removed.
    """
    metadata: dict[str, Any] | None = None
    uploads: list[dict[str, Any]] = []
    try:
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader):
                raise refused("body", "a form within a form is not understood")
            if part.filename is None:
                if part.name != METADATA or metadata is not None:
                    raise refused(part.name or "body", f"a form has one field {METADATA!r} with JSON, and files")
                metadata = parse_object(prepare(await _text(part)), METADATA)
            elif len(uploads) == MAX_FILES:
                raise refused("files", f"{MAX_FILES} files are the most")
            else:
                uploads.append(await _keep(part, files))
    except (ValueError, AssertionError, web.HTTPException, HttpProcessingError) as error:
        raise refused("body", f"it is no multipart form: {str(error) or type(error).__name__}") from None
    return metadata or {}, uploads


async def _text(part: BodyPartReader) -> bytes:
    raw = bytearray()
    while chunk := await part.read_chunk(_CHUNK):
        raw += chunk
        if len(raw) > MAX_JSON_BYTES:
            raise refused(METADATA, f"it is larger than {MAX_JSON_BYTES} bytes")
    return bytes(raw)


async def _keep(part: BodyPartReader, files: Blobs) -> dict[str, Any]:
    """Stream one file into the store."""
    assert files.folder is not None, "a served sandbox keeps its files in a folder"
    name = part.filename or ""
    if part.headers.get("Content-Encoding") or part.headers.get("Content-Transfer-Encoding", "binary") != "binary":
        raise refused(name, "send the file as it is, not encoded")
    digest, size = hashlib.sha256(), 0
    handle, path = tempfile.mkstemp(dir=files.folder, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            while chunk := await part.read_chunk(_CHUNK):
                size += len(chunk)
                if size > MAX_FILE_BYTES:
                    raise refused(name, f"it is larger than {MAX_FILE_BYTES // 1024 // 1024} MB")
                digest.update(chunk)
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        files.adopt(Path(path), digest.hexdigest())
    except BaseException:
        Path(path).unlink(missing_ok=True)
        raise
    content_type = part.headers.get("Content-Type", "application/octet-stream").partition(";")[0].strip().lower()
    return {
        "filename": name,
        "content_type": content_type,
        "size": size,
        "sha256": digest.hexdigest(),
        "field": part.name or "files",
    }
