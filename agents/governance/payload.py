"""The form of an intent's payload, as far as rules read it. The schema of check_governance leaves it open.

What stands in a field that decides must be of its type: an overlay that can't be read is no overlay without limits.
Everything else is taken as it is.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from sandbox.core.errors import AdcpError

Json = dict[str, Any]


class _Part(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True)


class _Overlay(_Part):
    geo_countries: list[str] | None = None
    geo_regions: list[str] | None = None


class _Package(_Part):
    targeting_overlay: _Overlay | None = None


class _Payload(_Part):
    packages: list[_Package] | None = None
    new_packages: list[_Package] | None = None
    purchases: list[_Package] | None = None
    audience_targeting: list[Any] | None = None
    start_time: str | None = None
    end_time: str | None = None
    currency: str | None = None


def check_payload(payload: Json) -> None:
    """VALIDATION_ERROR that names the first field of a wrong type."""
    try:
        _Payload.model_validate(payload)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in first["loc"])
        raise AdcpError("VALIDATION_ERROR", f"payload{field}: {first['msg']}", field=f"payload{field}") from None
