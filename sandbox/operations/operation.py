"""Operations as rows of a table, and the decorator that enters them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, cast

from pydantic import BaseModel

from sandbox.core.registry import Registry
from sandbox.kernel.endpoint import Context, Handler, Operation

Method = Literal["GET", "POST", "PUT", "DELETE"]
Envelope = Literal["bare", "mirror", "data"]

H = TypeVar("H", bound=Callable[[Context, Any], Any])

_PLACEHOLDER = re.compile(r"\{(\w+)\}")


@dataclass(slots=True, frozen=True)
class Route:
    """How an operation looks on the wire.

    ``body`` and ``params`` are the models of the JSON body and of the query; None takes none. ``envelope``
    says how the answer is wrapped (conflict C41): as it is, as it is and under ``data`` too, or under ``data``
    alone. ``aliases`` are further paths of the same operation. ``answer`` is the type of what the handler
    returns, for the published description: a pydantic model, a ``TypedDict`` or another type that pydantic
    understands. ``files`` says that a request may carry files (``multipart/form-data``), ``public`` that it needs no
    API key, ``mcp`` whether ``api_call`` offers it. ``rules`` are the numbers of the rules that it keeps, ``group``
    is its resource, ``summary`` the first line of its handler's docstring.
    """

    method: Method
    path: str
    body: type[BaseModel] | None = None
    params: type[BaseModel] | None = None
    success_status: int = 200
    envelope: Envelope = "bare"
    aliases: tuple[str, ...] = ()
    answer: Any = None
    files: bool = False
    public: bool = False
    mcp: bool = True
    rules: tuple[int, ...] = ()
    group: str = ""
    summary: str = ""

    @property
    def path_params(self) -> tuple[str, ...]:
        """The names in the path, in order."""
        return tuple(_PLACEHOLDER.findall(self.path))


MAX_FILE_BYTES = 50 * 1024 * 1024
"""Size of one file of a request at most (rule 178)."""

MAX_FILES = 20
"""Files of one request at most (rule 178)."""


@dataclass(slots=True, frozen=True)
class Upload:
    """A file that came with a request. Its bytes are in ``world.files`` under ``sha256``; ``size`` is in bytes."""

    filename: str
    content_type: str
    size: int
    sha256: str
    field: str = "files"


class Request(dict[str, Any]):
    """What a handler gets: the checked ``path``, ``params``, ``body`` and ``files`` of a request."""

    @property
    def path(self) -> dict[str, str]:
        """Path parameters by name."""
        return cast("dict[str, str]", self["path"])

    @property
    def params(self) -> Any:
        """The query as the operation's ``params`` model; None if it has none."""
        return self["params"]

    @property
    def body(self) -> Any:
        """The JSON body as the operation's ``body`` model; None if it has none."""
        return self["body"]

    @property
    def files(self) -> list[Upload]:
        """The files that came with it; empty unless the operation takes files."""
        return cast("list[Upload]", self["files"])


class Group:
    """The operations of one resource.

    ::

        operation = Group("advertisers", "/api/v2/buyer", "/api/buyer")

        @operation("get_advertiser", "GET", "/advertisers/{advertiserId}", rules=(7,))
        def get_advertiser(ctx: Context, request: Request) -> dict[str, Any]: ...

    ``prefix`` begins the canonical path of every operation, ``other_prefixes`` those of its aliases.
    """

    def __init__(self, name: str, prefix: str = "", *other_prefixes: str) -> None:
        self.name = name
        self.prefix = prefix
        self._prefixes = (prefix, *other_prefixes)
        self._rows: Registry[Operation] = Registry("operation")

    def __call__(
        self,
        name: str,
        method: Method,
        path: str,
        *,
        body: type[BaseModel] | None = None,
        params: type[BaseModel] | None = None,
        success_status: int = 200,
        envelope: Envelope = "bare",
        aliases: tuple[str, ...] = (),
        answer: Any = None,
        files: bool = False,
        public: bool = False,
        mcp: bool = True,
        mutating: bool | None = None,
        secrets: tuple[str, ...] = (),
        rules: tuple[int, ...] = (),
    ) -> Callable[[H], H]:
        """Enter the decorated function as the handler of an operation; paths are relative to the prefix.

        ``mutating`` is true for all but GET unless it is given: a GET that asks sales agents, makes ids or
        remembers something changes the world too.
        """

        def enter(handler: H) -> H:
            summary = (handler.__doc__ or "").strip().partition("\n")[0]
            paths = [start + end for start in self._prefixes for end in (path, *aliases)]
            others = tuple(p for p in paths if p != self.prefix + path)
            route = Route(
                method,
                self.prefix + path,
                body,
                params,
                success_status,
                envelope,
                others,
                answer,
                files,
                public,
                mcp,
                rules,
                self.name,
                summary,
            )
            changes = method != "GET" if mutating is None else mutating
            row = Operation(name, cast("Handler", handler), changes, route, secrets)
            self._rows.add(name, row)
            return handler

        return enter

    def __iter__(self) -> Iterator[Operation]:
        """The operations in the order in which they were declared."""
        return (self._rows.get(name) for name in self._rows)
