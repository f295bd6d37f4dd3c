"""The reference for readers: a page that needs nothing else, and tables."""

from __future__ import annotations

import shlex
from html.parser import HTMLParser

import pytest

from sandbox.operations import reference
from tests.unit.operations.shelf import OPERATIONS


class Reader(HTMLParser):
    """Notes what a page has, and that its elements are closed in order."""

    VOID = ("meta", "input", "br", "link", "img")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.loads: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.ids += [given["id"]] if given.get("id") else []
        self.links += [given["href"]] if tag == "a" and given.get("href") else []
        self.loads += [value for name in ("src", "srcset") if (value := given.get(name))]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def page() -> str:
    return reference.page(OPERATIONS, "The <shelf>", "http://127.0.0.1:8080")


def test_the_page_is_well_formed_and_loads_nothing(page: str) -> None:
    reader = Reader()
    reader.feed(page)
    assert reader.open == []
    assert reader.loads == []
    assert "@import" not in page
    assert len(reader.ids) == len(set(reader.ids))
    assert {link[1:] for link in reader.links if link.startswith("#")} <= set(reader.ids)


def test_the_page_has_every_operation_with_fields_answer_and_rules(page: str) -> None:
    for operation in OPERATIONS:
        assert f'id="{operation.name}"' in page
    article = page.partition('id="add_book"')[2].partition("</details>")[0]
    assert "/api/v2/buyer/books" in article
    assert "<code>title</code> <em>required</em>" in article
    assert "As on the cover" in article
    assert "<code>price.amount</code>" in article
    assert "Answer 201" in article
    assert "<code>printedAt</code>" in article
    assert "Rules 3, 4" in article


def test_names_from_outside_are_escaped(page: str) -> None:
    assert "The &lt;shelf&gt;" in page
    assert "<shelf>" not in page


def test_the_curl_line_is_one_command_with_what_is_required(page: str) -> None:
    from html import unescape

    article = page.partition('id="add_book"')[2].partition("</details>")[0]
    line = unescape(article.partition("<pre>")[2].partition("</pre>")[0])
    assert shlex.split(line.replace("\\\n", "")) == [
        "curl",
        "-X",
        "POST",
        "http://127.0.0.1:8080/api/v2/buyer/books",
        "-H",
        "Authorization: Bearer $API_KEY",
        "-H",
        "Content-Type: application/json",
        "-d",
        '{"title": "<title>", "authorId": "<authorId>"}',
    ]


def test_the_tables_have_a_row_for_each_operation() -> None:
    text = reference.tables(OPERATIONS)
    assert text.startswith("## Books\n\n| Operation |")
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert len(rows) == len(OPERATIONS)
    assert all(row.replace("\\|", "").count("|") == 6 for row in rows)
    added = next(row for row in rows if "`add_book`" in row)
    assert "POST `/api/v2/buyer/books`<br>`/api/buyer/books`" in added
    assert "body: **title**, **authorId**, printedAt, price, keywords" in added
    assert added.endswith("| 201: bookId, title, printedAt, price | 3, 4 |")
