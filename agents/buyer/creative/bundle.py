"""Zip bundles of HTML5 banners: unpacked in memory, with limits on everything an archive can claim (rule 178)."""

from __future__ import annotations

import io
import posixpath
import zipfile
import zlib

MAX_ENTRIES = 200
MAX_BYTES = 100 * 1024 * 1024
"""All files of a bundle together, unpacked."""
MAX_RATIO = 200
"""How many times larger than packed a file may be; more is a bomb."""

_LITTER = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")
"""What file managers leave in archives."""


def unpack(content: bytes) -> dict[str, bytes]:
    """The files of a bundle by their path in it, in the order of the archive.

    Raises :class:`ValueError` for what is no zip archive, for paths that lead out of it, encrypted files, links, and
    more or larger files than a banner can need.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir() and not _is_litter(entry.filename)]
            _check(entries)
            files: dict[str, bytes] = {}
            for entry in entries:
                with archive.open(entry) as file:
                    files[entry.filename] = file.read(entry.file_size + 1)
                if len(files[entry.filename]) != entry.file_size:
                    raise ValueError(f"{entry.filename!r} in the bundle is not as large as the archive says")
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, RuntimeError, zlib.error):
        raise ValueError("the bundle is no zip archive that can be read") from None
    return files


def _check(entries: list[zipfile.ZipInfo]) -> None:
    if not entries:
        raise ValueError("the bundle is empty")
    if len(entries) > MAX_ENTRIES:
        raise ValueError(f"the bundle has {len(entries)} files; {MAX_ENTRIES} are the most")
    seen: set[str] = set()
    for entry in entries:
        name = entry.filename
        if not is_safe_path(name):
            raise ValueError(f"{name[:100]!r} in the bundle leads out of it")
        if name in seen:
            raise ValueError(f"{name!r} is in the bundle twice")
        seen.add(name)
        if entry.flag_bits & 1:
            raise ValueError(f"{name!r} in the bundle is encrypted")
        if entry.external_attr >> 28 == 0xA:
            raise ValueError(f"{name!r} in the bundle is a link")
        if entry.file_size > MAX_RATIO * max(1, entry.compress_size):
            raise ValueError(f"{name!r} in the bundle unpacks to more than {MAX_RATIO} times its size")
    if sum(entry.file_size for entry in entries) > MAX_BYTES:
        raise ValueError(f"the bundle unpacks to more than {MAX_BYTES // 1024 // 1024} MB")


def is_safe_path(name: str) -> bool:
    """True for a relative path that stays below the folder that it begins in."""
    if not name or len(name) > 255 or "\\" in name or ":" in name or not name.isprintable():
        return False
    return not name.startswith("/") and ".." not in name.split("/")


def entry_point(names: list[str]) -> str:
    """The page that a bundle begins with: the uppermost ``index.html``, or its only page.

    Raises :class:`ValueError` if there is no such page.
    """
    pages = [name for name in names if posixpath.splitext(name.lower())[1] in (".html", ".htm")]
    indexes = [name for name in pages if posixpath.basename(name).lower() in ("index.html", "index.htm")]
    best = min(indexes or pages, key=lambda name: name.count("/"), default=None)
    if best is None or (not indexes and len(pages) > 1):
        raise ValueError("the bundle needs an index.html")
    return best


def _is_litter(name: str) -> bool:
    return name.startswith(_LITTER[0]) or posixpath.basename(name) in _LITTER[1:]
