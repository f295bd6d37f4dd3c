"""URLs in the one form in which AdCP compares them (docs/reference/url-canonicalization.mdx)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.protocol.target_uri import canonical

CASES = [
    ("HTTPS://Shop.Example/p", "https://shop.example/p"),
    ("https://shop.example.:443/p", "https://shop.example/p"),
    ("http://shop.example:80/p", "http://shop.example/p"),
    ("http://shop.example:443/p", "http://shop.example:443/p"),
    ("https://[2001:DB8::1]:8443/p", "https://[2001:db8::1]:8443/p"),
    ("https://me:secret@shop.example/p", "https://shop.example/p"),
    ("https://shop.example/a/./b/../c", "https://shop.example/a/c"),
    ("https://shop.example/a//b", "https://shop.example/a//b"),
    ("https://shop.example/a//../b", "https://shop.example/a/b"),
    ("https://shop.example/a/..", "https://shop.example/"),
    ("https://shop.example", "https://shop.example/"),
    ("https://shop.example?x=1", "https://shop.example/?x=1"),
    ("https://shop.example/%7Ea%2fb%41", "https://shop.example/~a%2FbA"),
    ("https://shop.example/p?b=2&a=1+0#there", "https://shop.example/p?b=2&a=1+0"),
    ("https://shop.example/p?", "https://shop.example/p?"),
]

MALFORMED = ["https:///p", "https://:443/p", "https://me@/p", "https://[::1/p", "https://fe80::1/p"]
MALFORMED += ["https://[fe80::1%25eth0]/p", "https://bücher.example/p", "https://shop.example../p", "/p", ""]


@pytest.mark.parametrize(("url", "form"), CASES)
def test_urls_that_mean_the_same_have_one_form(url: str, form: str) -> None:
    target, authority = canonical(url)
    assert target == form
    assert authority == form.split("/")[2].partition("?")[0]


@pytest.mark.parametrize("url", MALFORMED)
def test_a_malformed_authority_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"authority|absolute|label"):
        canonical(url)


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="#%"), max_size=40))
def test_the_form_of_a_form_is_itself(rest: str) -> None:
    once, _ = canonical(f"https://shop.example/{rest}")
    again, _ = canonical(once)
    assert again == once
