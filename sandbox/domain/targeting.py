"""Targeting overlays of packages (core/targeting.json), read into what an ad server can act on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.core.errors import AdcpError
from sandbox.core.time import MINUTE_MS, interval_ms

DEVICES = ("desktop", "mobile", "tablet", "ctv", "dooh", "unknown")
"""Device types of the specification (enums/device-type.json)."""

SUPPORTED = (
    "geo_countries",
    "geo_countries_exclude",
    "geo_regions",
    "geo_regions_exclude",
    "device_type",
    "device_type_exclude",
    "frequency_cap",
    "property_list",
    "audience_include",
    "audience_exclude",
)
"""Dimensions of an overlay that the sandbox delivers by."""


@dataclass(slots=True, frozen=True)
class Window:
    """At most ``max_impressions`` for one individual in any ``window_ms``; None is the whole flight."""

    max_impressions: int
    window_ms: int | None


@dataclass(slots=True, frozen=True)
class Overlay:
    """A targeting overlay. Empty tuples do not restrict; ``caps`` all hold together."""

    countries: tuple[str, ...] = ()
    countries_exclude: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    regions_exclude: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    caps: tuple[Window, ...] = ()
    property_list: dict[str, Any] | None = None
    audiences: tuple[str, ...] = ()
    audiences_exclude: tuple[str, ...] = ()


def read_overlay(body: dict[str, Any] | None, field_path: str = "targeting_overlay") -> Overlay:
    """Read an overlay; :class:`AdcpError` UNSUPPORTED_FEATURE names a dimension that nobody could honour.

    A dimension is refused rather than ignored: a buyer must not believe in targeting that does not happen.
    """
    body = body or {}
    for name in body:
        if name not in SUPPORTED and name not in ("ext", "context"):
            raise AdcpError(
                "UNSUPPORTED_FEATURE",
                f"targeting by {name} is not offered",
                field=f"{field_path}.{name}",
                suggestion=f"use {', '.join(SUPPORTED)}",
            )
    return Overlay(
        countries=tuple(body.get("geo_countries", ())),
        countries_exclude=tuple(body.get("geo_countries_exclude", ())),
        regions=tuple(body.get("geo_regions", ())),
        regions_exclude=tuple(body.get("geo_regions_exclude", ())),
        devices=_devices(body),
        caps=read_caps(body.get("frequency_cap"), f"{field_path}.frequency_cap"),
        property_list=body.get("property_list"),
        audiences=tuple(body.get("audience_include", ())),
        audiences_exclude=tuple(body.get("audience_exclude", ())),
    )


def _devices(body: dict[str, Any]) -> tuple[str, ...]:
    wanted, unwanted = body.get("device_type"), body.get("device_type_exclude", ())
    if wanted is None and not unwanted:
        return ()
    return tuple(d for d in DEVICES if (wanted is None or d in wanted) and d not in unwanted)


def read_caps(cap: dict[str, Any] | None, field_path: str = "frequency_cap") -> tuple[Window, ...]:
    """Read a frequency cap (core/frequency-cap.json) into windows that hold together.

    ``suppress`` is one impression in that time; ``max_impressions`` needs ``per`` and ``window`` beside it.
    Only individuals can be counted: another ``per`` is UNSUPPORTED_FEATURE.
    """
    if not cap:
        return ()
    windows = []
    if "suppress" in cap:
        windows.append(Window(1, _duration(cap["suppress"])))
    elif "suppress_minutes" in cap:
        windows.append(Window(1, round(cap["suppress_minutes"] * MINUTE_MS)))
    if "max_impressions" in cap:
        missing = [name for name in ("per", "window") if name not in cap]
        if missing:
            raise AdcpError(
                "VALIDATION_ERROR",
                f"max_impressions needs {' and '.join(missing)} beside it",
                field=field_path,
            )
        if cap["per"] != "individuals":
            raise AdcpError(
                "UNSUPPORTED_FEATURE",
                f"impressions are counted per individuals, not per {cap['per']}",
                field=f"{field_path}.per",
            )
        windows.append(Window(int(cap["max_impressions"]), _duration(cap["window"])))
    return tuple(windows)


def _duration(duration: dict[str, Any]) -> int | None:
    if duration["unit"] == "campaign":
        return None
    return interval_ms(int(duration["interval"]), str(duration["unit"]))
