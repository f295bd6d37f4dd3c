"""Core readiness: is there a picture that can be shown, and everything that a manifest needs?"""

from __future__ import annotations

import io

from agents.buyer.sessions.adapter import DRAWN_ROLES
from agents.buyer.sessions.case import Case, Findings, size

_SMALL = 9
"""Letters smaller than this are hard to read, in pixels."""


def core_readiness(case: Case) -> Findings:
    """Is there a renderable preview and valid manifest structure?"""
    from PIL import Image

    for render in case.renders:
        with Image.open(io.BytesIO(case.platform.world.files.get(render.digest))) as picture:
            right = picture.format == "PNG" and picture.size == (render.width, render.height)
        what = f"{size(render)}: a PNG picture of {render.size_bytes:,} bytes"
        yield case.found("preview", "pass" if right else "fail", what, render=render)
        for run in render.texts:
            name = f"{size(render)}: the {run.role.replace('_', ' ')}"
            if run.cut:
                yield case.found("text", "fail", f"{name} “{run.text}” is cut off; make it shorter", render=render)
            elif run.missing:
                yield case.found("text", "fail", f"{name} has signs without letters: {run.missing}", render=render)
            elif run.size_px < _SMALL:
                yield case.found("text", "warn", f"{name} is only {run.size_px} px high", render=render)
    missing = [name for name in ("headline", "cta") if not getattr(case.variant.design, name)]
    status, what = ("fail", f"no {' and no '.join(missing)}") if missing else ("pass", "headline and call to action")
    yield case.found("structure", status, what)  # type: ignore[arg-type]
    if case.session.clickthrough_url is None:
        yield case.found("clickthrough", "warn", "no clickthrough_url: who clicks gets nowhere")
    for asset in case.session.assets:
        if asset.role in DRAWN_ROLES and not asset.drawable:
            yield case.found("source_asset", "warn", f"{asset.label} is no picture at hand: not drawn", asset=asset)
