"""The REST edge: who may call, what is refused cleanly, and how errors look (rules 1 to 13)."""

from __future__ import annotations

import json
import socket
from typing import Any

import httpx
import pytest

from sandbox.server.app import Address
from sandbox.server.limits import RateLimit
from tests.server.conftest import KEY, OTHER_KEY, Live, MakeLive


def test_both_prefixes_lead_to_the_same_operations(live: Live) -> None:  # rule 1, C1
    advertiser = live.advertiser()
    one = live.ok("GET", f"/api/v2/buyer/advertisers/{advertiser}")
    assert live.ok("GET", f"/api/buyer/advertisers/{advertiser}") == one
    assert live.ok("GET", "/api/v2/accounts/current")["company"] == "Acme"


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Bearer"}, {"Authorization": "Bearer nobody"}, {"Authorization": f"Basic {KEY}"},
     {"Authorization": f"Bearer {KEY}x"}, {"Authorization": "Bearer \u00fc"}],
)  # fmt: skip
def test_without_a_known_key_everything_is_unauthorized(live: Live, headers: dict[str, str]) -> None:  # rules 1, 3, 4
    wire = {name: value.encode() for name, value in headers.items()}
    answer = live.http.get("/api/v2/buyer/advertisers", headers=wire)
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "UNAUTHORIZED"
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.json()["data"] is None


def test_things_of_another_customer_answer_like_things_that_never_were(live: Live) -> None:  # rule 13
    campaign = live.campaign(live.advertiser())
    foreign = live.error("GET", f"campaigns/{campaign}", key=OTHER_KEY)
    absent = live.error("GET", "campaigns/cmp_0000000000", key=OTHER_KEY)
    assert foreign["status"] == absent["status"] == 404
    assert foreign["message"].replace(campaign, "X") == absent["message"].replace("cmp_0000000000", "X")
    theirs = live.ok("POST", "advertisers", {"name": "Acme", "brand": "acme.com"}, key=OTHER_KEY)["id"]
    mine = {row["id"] for row in live.ok("GET", "advertisers")["items"]}
    assert theirs not in mine


def test_query_values_are_texts_and_are_coerced(live: Live) -> None:  # rule 11
    page = live.ok("GET", "advertisers?limit=1&offset=0")
    assert len(page["items"]) == 1
    error = live.error("GET", "advertisers?limit=many")
    assert (error["status"], error["code"], error["field"]) == (400, "VALIDATION_ERROR", "limit")


@pytest.mark.parametrize(
    ("content", "headers", "field"),
    [
        (b'{"name": "x"', {}, "body"),
        (b'{"name": "x", "name": "y", "brand": "acme.com"}', {}, "body"),
        (b'{"name": "\xff", "brand": "acme.com"}', {}, "body"),
        (b"[1]", {}, "body"),
        (b'{"name":' * 500 + b"1" + b"}" * 500, {}, "body"),
        (b'{"name": "x", "brand": "acme.com"}', {"Content-Type": "text/plain"}, "Content-Type"),
        (b'{"name": "x", "brand": "acme.com"}', {"Content-Type": "application/xml"}, "Content-Type"),
        (b"--x", {"Content-Type": "multipart/form-data; boundary=x"}, "Content-Type"),
        (b"\x1f\x8b\x08", {"Content-Encoding": "gzip"}, "Content-Encoding"),
        (b'{"name": "x", "brand": "acme.com", "nme": 1}', {}, "nme"),
        (b'{"name": 5, "brand": "acme.com"}', {}, "name"),
    ],
)
def test_bodies_that_are_wrong_are_refused_with_the_field(
    live: Live, content: bytes, headers: dict[str, str], field: str
) -> None:
    before = live.ok("GET", "advertisers")["total"]
    error = live.error("POST", "advertisers", content=content, headers={"Content-Type": "application/json", **headers})
    assert (error["status"], error["code"], error["field"]) == (400, "VALIDATION_ERROR", field)
    assert live.ok("GET", "advertisers")["total"] == before


def test_a_body_that_is_too_large_is_refused_before_it_is_read(live: Live) -> None:
    url = httpx.URL(live.line["buyer_api"])
    with socket.create_connection((url.host, url.port or 80)) as wire:
        wire.sendall(
            b"POST /api/v2/buyer/advertisers HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            b"Authorization: Bearer " + KEY.encode() + b"\r\nContent-Length: 99999999999\r\n\r\n{"
        )
        answer = wire.recv(65536).decode()
    assert " 400 " in answer.partition("\r\n")[0]
    assert "larger than" in answer


def test_a_body_that_grows_without_end_is_cut_off(live: Live) -> None:
    def endless() -> Any:
        yield b'{"name": "'
        for _ in range(40):
            yield b"x" * 1024 * 1024

    answer = live.http.post(
        "/api/v2/buyer/advertisers",
        content=endless(),
        headers={"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"},
    )
    assert answer.status_code == 400
    assert "larger than" in answer.json()["error"]["message"]


def test_wrong_paths_and_methods_are_refused_in_the_same_form(live: Live) -> None:  # rules 3, 4
    assert live.error("GET", "advertiserz")["code"] == "NOT_FOUND"
    error = live.send("PATCH", "advertisers")
    assert error.status_code == 405
    assert error.headers["Allow"] == "GET, HEAD, POST" or "POST" in error.headers["Allow"]
    assert error.json()["error"]["code"] == "VALIDATION_ERROR"


@pytest.mark.parametrize("path", ["/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/files/..%2f..%2fetc%2fpasswd/x",
                                  "/lists/..%2fx", "/api/v2/buyer/campaigns/%00",
                                  "/api/v2/buyer/campaigns/%ff"])  # fmt: skip
def test_paths_lead_nowhere_else(live: Live, path: str) -> None:
    url = httpx.URL(live.line["buyer_api"])
    with socket.create_connection((url.host, url.port or 80)) as wire:
        request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {KEY}\r\nConnection: close\r\n\r\n"
        wire.sendall(request.encode())
        answer = b"".join(iter(lambda: wire.recv(65536), b"")).decode(errors="replace")
    status = int(answer.split(" ")[1])
    assert status in (400, 401, 404)
    assert "root:" not in answer


def test_deletes_may_have_a_body(live: Live) -> None:  # rule 125
    advertiser = live.advertiser()
    path = f"discovery/{live.select(advertiser, channels=['display'])}/products"
    there = live.ok("GET", path)
    gone = there["products"][0]["productId"]
    left = live.ok("DELETE", path, {"productIds": [gone]})
    assert left["totalProducts"] == there["totalProducts"] - 1
    assert gone not in [product["productId"] for product in left["products"]]


def test_rate_limits_are_a_customer_s_own_and_say_when_to_come_back(make_live: MakeLive) -> None:  # rule 4
    live = make_live(Address(port=0, rate_limit=2))
    answers = [live.send("GET", "advertisers") for _ in range(10)]
    refused = next(answer for answer in answers if answer.status_code != 200)
    assert refused.status_code == 429
    assert refused.json()["error"]["code"] == "RATE_LIMITED"
    assert int(refused.headers["Retry-After"]) >= 1
    assert live.send("GET", "advertisers", key=OTHER_KEY).status_code == 200


def test_a_token_bucket_fills_with_time() -> None:
    now = 0.0
    limit = RateLimit(10, lambda: now)
    assert [limit.take("a") for _ in range(20)] == [0.0] * 20
    assert limit.take("a") == pytest.approx(0.1)
    assert limit.take("b") == 0.0
    now = 0.1
    assert limit.take("a") == 0.0
    assert limit.take("a") > 0.0


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Host": "evil.example"}])
def test_pages_of_other_sites_can_t_use_a_local_sandbox(live: Live, headers: dict[str, str]) -> None:
    answer = live.send("POST", "/_sandbox/reset", key=None, headers=headers)
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "ACCESS_DENIED"


def test_addresses_of_the_platform_are_those_that_clients_reach(live: Live) -> None:
    text = json.dumps(live.ok("GET", "/openapi.json"))
    assert live.line["buyer_api"] in text
    assert ".sandbox.test" not in text


def test_a_click_is_led_on_by_the_address_that_a_creative_shows(live: Live) -> None:  # rules 37, 183
    campaign = live.campaign(live.advertiser())
    assets = [
        {"asset_type": "IMAGE", "url": "https://cdn.acme.com/a.png", "width": 300, "height": 250},
        {"asset_type": "URL", "url_type": "CLICKTHROUGH", "url": "https://acme.com/shoes"},
    ]
    made = live.ok("POST", f"campaigns/{campaign}/creatives", {"name": "Banner", "assets": assets})
    address = made["tracking"]["click_url"]
    assert address.startswith(live.line["buyer_api"])
    answer = live.http.get(address)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("https://acme.com/shoes?utm_source=scope3&")
    pixel = live.http.get(made["tracking"]["impression_url"])
    assert pixel.headers["Content-Type"].startswith("image/svg+xml")
