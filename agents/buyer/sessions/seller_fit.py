"""Format and seller: does a final satisfy each format that it is to cover (rule 196)?"""

from __future__ import annotations

from typing import Any

from agents.buyer.formats import coverage
from agents.buyer.sessions.adapter import size_of
from agents.buyer.sessions.case import Case, Findings, size
from sandbox.domain.formats import format_key

USUAL_KB = 150
"""The usual most for a banner's file, where the format's agent does not say."""

_USUAL_AREA = 970 * 250


def format_seller(case: Case) -> Findings:
    """Does this execution satisfy the selected seller or publisher format?"""
    platform, session = case.platform, case.session
    drawn = {format_key(render.format_id): render for render in case.renders}
    needed = coverage(platform, platform.campaigns[session.campaign_id])["required"]
    keys = [format_key(ref) for ref in needed]
    for ref in session.targets:
        render = drawn.get(format_key(ref))
        if render is None:
            yield case.found("render", "fail", f"there is no picture for {ref['id']}")
            continue
        right = size_of(platform, ref) == (render.width, render.height)
        what = f"{ref['id']} is {size(render)}" if right else f"{ref['id']} does not take {size(render)}"
        yield case.found("size", "pass" if right else "fail", what, render=render)
        rules = _requirements(platform.formats.get(format_key(ref), {}))
        kinds = rules.get("formats")
        if kinds is not None and "png" not in kinds:
            yield case.found("file_type", "fail", f"{ref['id']} takes {', '.join(kinds)}, not png", render=render)
        most = rules.get("max_file_size_kb")
        if most is not None and render.size_bytes > most * 1024:
            yield case.found("file_size", "fail", f"{ref['id']} takes {most} kB at most", render=render)
        elif most is None and render.size_bytes > USUAL_KB * 1024 and render.width * render.height <= _USUAL_AREA:
            yield case.found("file_size", "warn", f"{size(render)}: more than the usual {USUAL_KB} kB", render=render)
        if keys and format_key(ref) not in keys:
            yield case.found("coverage", "warn", f"no product of the campaign needs {ref['id']}", render=render)
    for ref in session.unsupported:
        yield case.found("coverage", "warn", f"the campaign needs {ref['id']} too, which this adapter cannot make")


def _requirements(fmt: dict[str, Any]) -> dict[str, Any]:
    """What an agent asks of the image of a format (core/requirements/image-asset-requirements.json)."""
    slots = [slot for slot in fmt.get("assets", []) if slot.get("asset_type") == "image" and slot.get("required")]
    return slots[0].get("requirements") or {} if slots else {}
