"""Asset fidelity: locked assets are compared pixel by pixel with what the pictures show (rule 194)."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from agents.buyer.sessions.case import Case, Findings, size
from agents.buyer.sessions.records import Check, Render
from agents.buyer.sessions.rights import check_rights
from agents.studio.design import Placement, SourceAsset

if TYPE_CHECKING:
    from PIL.Image import Image

_LEAST_SIDE = 14
"""A picture with a side shorter than this is hardly recognised, in pixels."""

_MOST_ENLARGED = 2.5


def asset_fidelity(case: Case) -> Findings:
    """Did locked assets stay intact, and are rights and provenance usable?"""
    for asset in case.session.assets:
        if asset.locked and asset.asset_type in ("IMAGE", "LOGO"):
            yield from _locked(case, asset)
    yield from check_rights(case)
    for asset in case.session.assets:
        if asset.provenance["source"] == "unknown":
            yield case.found("provenance", "warn", f"{asset.label}: nobody said where it comes from", asset=asset)


def _locked(case: Case, asset: SourceAsset) -> Findings:
    if not asset.drawable:
        why = f"{asset.label} is locked, but only its address is known: upload it, so that it can be shown as it is"
        yield case.found("locked_asset", "fail", why, asset=asset)
        return
    from agents.studio.pictures import load

    original = load(case.platform.world.files, asset)
    shown = False
    for render in case.renders:
        for placement in (p for p in render.placements if p.asset_id == asset.asset_id):
            shown = True
            yield _judged(case, asset, original, render, placement)
    if not shown:
        yield case.found("locked_asset", "warn", f"{asset.label} is locked and not shown in this variant", asset=asset)


def _judged(case: Case, asset: SourceAsset, original: Image, render: Render, placement: Placement) -> Check:
    """What a render makes of a locked asset."""
    from agents.studio.pictures import window

    _, _, wide, high = placement.crop
    _, _, width, height = placement.box
    where = size(render)
    if placement.crop != window(asset):
        return case.found("locked_asset", "fail", f"{where}: {asset.label} is cropped", render=render, asset=asset)
    if abs(width * high - height * wide) > max(wide, high):
        return case.found("locked_asset", "fail", f"{where}: {asset.label} is stretched", render=render, asset=asset)
    if not intact(original, case.platform.world.files.get(render.digest), placement):
        why = f"{where}: {asset.label} does not look as the original; something covers or changes it"
        return case.found("locked_asset", "fail", why, render=render, asset=asset)
    if min(width, height) < _LEAST_SIDE or width > _MOST_ENLARGED * wide:
        why = f"{where}: {asset.label} is intact, at {width} x {height} from {wide} x {high} pixels"
        return case.found("locked_asset", "warn", why, render=render, asset=asset)
    return case.found("locked_asset", "pass", f"{where}: {asset.label} is intact", render=render, asset=asset)


def intact(original: Image, png: bytes, placement: Placement) -> bool:
    """True if every pixel of the asset that covers what is behind it is in the picture as it should be."""
    from PIL import Image, ImageChops

    from agents.studio.pictures import scaled

    left, top, width, height = placement.box
    with Image.open(io.BytesIO(png)) as picture:
        shown = picture.convert("RGB").crop((left, top, left + width, top + height))
    wanted = scaled(original, placement.crop, width, height)
    opaque = wanted.getchannel("A").point(lambda a: 255 if a == 255 else 0)
    apart = ImageChops.difference(shown, wanted.convert("RGB"))
    black = Image.new("RGB", apart.size)
    return Image.composite(apart, black, opaque).getbbox() is None
