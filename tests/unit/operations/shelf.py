"""A small API with one of everything that an operation can have."""

from __future__ import annotations

from typing import Any, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from sandbox.core.errors import ApiError
from sandbox.kernel.actor import Actor
from sandbox.kernel.endpoint import Context, Endpoint
from sandbox.kernel.world import World
from sandbox.operations import Body, Group, Request, RestDialect
from sandbox.operations.answer import Money, When
from sandbox.operations.model import Amount, Id, Instant, Names

books = Group("books", "/api/v2/buyer", "/api/buyer")
people = Group("people", "/api/v2")


class Price(Body):
    """What a book costs."""

    amount: Amount
    currency: str = Field(default="USD", pattern="^[A-Z]{3}$")


class NewBook(Body):
    """A book to put on the shelf."""

    title: str = Field(min_length=1, max_length=50, description="As on the cover")
    author_id: Id
    printed_at: Instant | None = None
    price: Price | None = None
    keywords: list[str] = []


class Search(Body):
    title: str | None = None
    limit: int = Field(default=10, ge=1, le=10)
    languages: Names = []
    printed_after: Instant | None = None


class BookRow(TypedDict):
    """A book in a list."""

    bookId: str
    title: str


class Book(BookRow):
    """A book."""

    printedAt: When | None
    price: NotRequired[Money]


class Shelf(TypedDict):
    items: list[BookRow]
    total: int


class Page(TypedDict):
    contentType: Literal["text/html"]
    text: str


@books("list_books", "GET", "/books", params=Search, envelope="mirror", answer=Shelf, rules=(8,))
def list_books(ctx: Context, request: Request) -> dict[str, Any]:
    """The books on the shelf."""
    return {"items": [{"bookId": "b1", "title": request.params.title or "Emma"}], "total": 1}


@books("add_book", "POST", "/books", body=NewBook, success_status=201, answer=Book, rules=(3, 4))
def add_book(ctx: Context, request: Request) -> dict[str, Any]:
    """Put a book on the shelf.

    It stays there until it is taken away with ``drop_book``.
    """
    return {"bookId": "b1", "title": request.body.title, "printedAt": None}


@books("get_book", "GET", "/books/{bookId}", answer=Book, envelope="data", aliases=("/tomes/{bookId}",))
def get_book(ctx: Context, request: Request) -> dict[str, Any]:
    """One book."""
    if request.path["bookId"] != "b1":
        raise ApiError("NOT_FOUND", f"there is no book {request.path['bookId']}", "bookId", {"shelf": "left"})
    return {"bookId": "b1", "title": "Emma", "printedAt": None, "price": 3}


@books("newest_book", "GET", "/books/newest", answer=Book)
def newest_book(ctx: Context, request: Request) -> dict[str, Any]:
    """The newest book."""
    return {"bookId": "b2", "title": "Ulysses", "printedAt": "2026-05-01T00:00:00Z"}


@books("drop_book", "DELETE", "/books/{bookId}", success_status=204)
def drop_book(ctx: Context, request: Request) -> dict[str, Any]:
    """Take a book away."""
    return {}


@books("scan_book", "POST", "/books/scan", body=NewBook, files=True, mcp=False, answer=Book)
def scan_book(ctx: Context, request: Request) -> dict[str, Any]:
    """Put a book on the shelf from pictures of its pages."""
    return {"bookId": "b3", "title": request.body.title, "printedAt": None}


@books("shelf_dashboard_url", "GET", "/shelf-dashboard-url", answer=dict[str, str])
def shelf_dashboard_url(ctx: Context, request: Request) -> dict[str, Any]:
    """Where pictures are uploaded."""
    return {"url": "https://shelf.example"}


@people("read_page", "GET", "/page", public=True, answer=Page)
def read_page(ctx: Context, request: Request) -> dict[str, Any]:
    """A page for anybody."""
    return {"contentType": "text/html", "text": "<p>hello</p>"}


@people("list_activity", "GET", "/audit-logs", params=None, answer=dict[str, int])
def list_activity(ctx: Context, request: Request) -> dict[str, Any]:
    """Who did what."""
    return {}


OPERATIONS = [*books, *people]


class Library(Actor):
    """Serves the shelf to everybody whose name begins with an a."""

    role = "buyer"

    def __init__(self, world: World) -> None:
        super().__init__(world, "library")
        dialect = RestDialect(lambda who: who.id if who.id.startswith("a") else None, {"bookId": ("id",)})
        self.endpoint = Endpoint(self, dialect, OPERATIONS)
