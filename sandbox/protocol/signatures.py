"""The headers ``Signature-Input``, ``Signature`` and ``Content-Digest`` of a signed request (RFC 9421, RFC 9530).

The profile of AdCP (docs/building/by-layer/L1/security.mdx, "AdCP RFC 9421 profile") takes less than structured fields
allow: plain names of components, no duplicates, strings in quotes. Up to 3.1 it wrote binary values as Base64URL, which
no reader of structured fields takes.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass

_KEY = r"[a-z*][a-z0-9_.*-]*"
_STRING = r'"(?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"'
_VALUE = rf'{_STRING}|:[^:]*:|\?[01]|-?[0-9]{{1,15}}(?:\.[0-9]{{1,3}})?|[A-Za-z*][^\s;,()"=]*'
_PARAMETERS = rf"(?:; *{_KEY}(?:=(?:{_VALUE}))?)*"
_INPUT = re.compile(rf"\s*({_KEY})=(\(([^()]*)\)({_PARAMETERS}))\s*(?:,|$)")
_BYTES = re.compile(rf"\s*({_KEY})=:([^:]*):({_PARAMETERS})\s*(?:,|$)")
_PARAMETER = re.compile(rf"; *({_KEY})(?:=({_VALUE}))?")
_COMPONENT = re.compile(r' *"([a-z0-9@!#$%&\'*+.^_`|~-]+)" *(?=$|")')


class Malformed(ValueError):
    """A header that can't be read."""


@dataclass(slots=True, frozen=True)
class Signature:
    """One signature: what it covers, in order; what it says; its bytes.

    ``strings`` and ``numbers`` are its parameters by type, ``written`` all of them as they stood in the header.
    """

    covered: tuple[str, ...]
    strings: dict[str, str]
    numbers: dict[str, int]
    written: str
    value: bytes


def read(headers: Mapping[str, str], legacy: bool) -> Signature:
    """The signature of a request by its headers (names in lower case); the one called ``sig1`` if there are several.

    ``legacy`` says that binary values are Base64URL. Raises :class:`Malformed`.
    """
    if "signature-input" not in headers or "signature" not in headers:
        raise Malformed("Signature and Signature-Input belong together")
    inputs = _members(_INPUT, headers["signature-input"], "Signature-Input")
    label = "sig1" if "sig1" in inputs else next(iter(inputs))
    values = _members(_BYTES, headers["signature"], "Signature")
    if label not in values:
        raise Malformed(f"Signature has no {label}")
    member = inputs[label]
    strings, numbers = _parameters(member[4])
    return Signature(_components(member[3]), strings, numbers, member[2], unbase64(values[label][2], legacy))


def digest_of(header: str, legacy: bool) -> bytes | None:
    """The SHA-256 in a Content-Digest; None if it has others only. Raises :class:`Malformed`."""
    found = _members(_BYTES, header, "Content-Digest").get("sha-256")
    return None if found is None else unbase64(found[2], legacy)


def unbase64(text: str, legacy: bool) -> bytes:
    """The bytes of a binary value: Base64 with its padding; ``legacy`` takes Base64URL without it too."""
    try:
        if legacy:
            text = text.rstrip("=").translate(str.maketrans("-_", "+/"))
            text += "=" * (-len(text) % 4)
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Malformed(f"a binary value is no {'Base64URL' if legacy else 'Base64'}") from None


def _members(pattern: re.Pattern[str], header: str, name: str) -> dict[str, re.Match[str]]:
    """The members of a dictionary of structured fields, each once."""
    found: dict[str, re.Match[str]] = {}
    at = 0
    while at < len(header):
        match = pattern.match(header, at)
        if match is None or match[1] in found:
            raise Malformed(f"{name} can't be read")
        found[match[1]] = match
        at = match.end()
    if not found or header.rstrip().endswith(","):
        raise Malformed(f"{name} can't be read")
    return found


def _components(text: str) -> tuple[str, ...]:
    names: list[str] = []
    at = 0
    while at < len(text):
        match = _COMPONENT.match(text, at)
        if match is None or match[1] in names:
            raise Malformed("the covered components can't be read")
        names.append(match[1])
        at = match.end()
    return tuple(names)


def _parameters(text: str) -> tuple[dict[str, str], dict[str, int]]:
    strings: dict[str, str] = {}
    numbers: dict[str, int] = {}
    for match in _PARAMETER.finditer(text):
        name, value = match[1], match[2] or ""
        if name in strings or name in numbers:
            raise Malformed(f"the parameter {name} comes twice")
        if value.startswith('"'):
            strings[name] = re.sub(r"\\(.)", r"\1", value[1:-1])
        elif value.lstrip("-").isdigit():
            numbers[name] = int(value)
        elif name in ("created", "expires", "nonce", "keyid", "alg", "tag"):
            raise Malformed(f"the parameter {name} has a wrong type")
    return strings, numbers
