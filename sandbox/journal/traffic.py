"""Captured traffic: HTTP exchanges out of a HAR file (1.2) or a file with a JSON object a line."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, AliasChoices, BaseModel, Field, ValidationError

from sandbox.core.errors import InputError
from sandbox.core.time import parse_instant

M = TypeVar("M", bound=BaseModel)

MAX_BYTES = 200_000_000
"""A larger file is no capture of a session that somebody made by hand."""


MOST_S = 253_402_300_799
"""The last second of the year 9999, since 1970."""


@dataclass(slots=True, frozen=True)
class Exchange:
    """One request and its answer. ``body`` and ``answer`` are JSON values, None for those that are none.

    ``at_ms`` is real time, ``origin`` the place in the file. Headers are not kept: they hold credentials.
    """

    at_ms: int
    method: str
    url: str
    body: Any
    status: int
    answer: Any
    origin: str


class _Content(BaseModel):
    text: str = ""
    encoding: str = ""

    def json_value(self) -> Any:
        text = self.text
        if self.encoding == "base64":
            try:
                text = base64.b64decode(text, validate=True).decode()
            except ValueError:
                return None
        return _json(text)


def _address(url: str) -> str:
    urlsplit(url)  # ValueError for what is no address
    return url


_Address = Annotated[str, AfterValidator(_address)]


class _HarRequest(BaseModel):
    method: str
    url: _Address
    postData: _Content = _Content()  # noqa: N815 - the name in HAR


class _HarResponse(BaseModel):
    status: int
    content: _Content = _Content()


class _HarEntry(BaseModel):
    startedDateTime: datetime  # noqa: N815 - the name in HAR
    request: _HarRequest
    response: _HarResponse


class _HarLog(BaseModel):
    entries: list[_HarEntry]


class _Har(BaseModel):
    log: _HarLog


_Seconds = Annotated[float, Field(ge=0, le=MOST_S)]
"""Seconds since 1970, as a number."""


class _Line(BaseModel):
    """A line of NDJSON: when, what was asked, what came back."""

    at: datetime | _Seconds = Field(validation_alias=AliasChoices("at", "time", "timestamp", "startedDateTime"))
    method: Literal["GET", "POST", "PUT", "DELETE", "PATCH"] = "POST"
    url: _Address
    body: Any = None
    status: int = 200
    answer: Any = Field(None, validation_alias=AliasChoices("answer", "response"))

    def at_ms(self) -> int:
        return round(self.at * 1000) if isinstance(self.at, float) else _ms(self.at)


def read_traffic(path: Path) -> list[Exchange]:
    """The exchanges of a file in the order of time.

    Raises :class:`InputError` that names the line or the entry, the field, and what would be right.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"the file is larger than {MAX_BYTES:,} bytes", str(path))
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError("the file is no UTF-8 text", str(path)) from None
    except OSError as error:
        raise InputError(f"can't read the file: {error.strerror}", str(path)) from None
    whole = _json(text)
    found = _har(whole, path) if isinstance(whole, dict) and "log" in whole else _lines(text, path)
    if not found:
        raise InputError("there is no request in it", str(path))
    return sorted(found, key=lambda exchange: exchange.at_ms)


def _har(whole: Any, path: Path) -> list[Exchange]:
    har = _read(
        lambda: _Har.model_validate(whole), str(path), "a HAR file has log.entries, each with request and response"
    )
    return [
        Exchange(
            _ms(entry.startedDateTime),
            entry.request.method.upper(),
            entry.request.url,
            entry.request.postData.json_value(),
            entry.response.status,
            entry.response.content.json_value(),
            f"{path}: entry {number}",
        )
        for number, entry in enumerate(har.log.entries, start=1)
    ]


def _lines(text: str, path: Path) -> list[Exchange]:
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        where = f"{path}:{number}"
        hint = 'write {"at": "2026-05-01T09:00:00Z", "method": "POST", "url": …, "body": …, "status": 200, "answer": …}'
        row = _read(lambda line=line: _Line.model_validate_json(line), where, hint)  # type: ignore[misc]
        found.append(Exchange(row.at_ms(), row.method, row.url, row.body, row.status, row.answer, where))
    return found


def _read(read: Callable[[], M], where: str, hint: str) -> M:
    try:
        return read()
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise InputError(f"{field}: {first['msg']}" if field else str(first["msg"]), where, hint) from None


def _ms(instant: datetime) -> int:
    return parse_instant(instant.isoformat())


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
