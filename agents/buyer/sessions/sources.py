"""Source assets of a session: read from uploads, manifests of the campaign, addresses and texts (rules 193, 194)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agents.buyer.creative.mime import detect, usual_asset_type
from agents.buyer.formats import campaign_creatives
from agents.buyer.records import Campaign
from agents.buyer.sessions.bodies import AreaBody, SourceAssetBody
from agents.buyer.sessions.cdn import publish, source_name
from agents.studio.design import Area, Rights, SourceAsset
from sandbox.core.errors import ApiError
from sandbox.operations import Upload
from sandbox.operations.operation import MAX_FILE_BYTES, MAX_FILES

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform


def gather(
    platform: BuyerPlatform, campaign: Campaign, given: list[tuple[str, SourceAssetBody]], uploads: list[Upload]
) -> list[SourceAsset]:
    """The source assets of a request: the described ones, then the uploads that nobody described.

    Raises :class:`ApiError` VALIDATION_ERROR, or NOT_FOUND for an asset that no manifest of the campaign has.
    """
    files = _by_name(uploads)
    found = [_described(platform, campaign, field, body, files) for field, body in given]
    named = [body.filename for _, body in given]
    for upload in uploads:
        if upload.filename not in named:
            body = SourceAssetBody(filename=upload.filename)
            found.append(_described(platform, campaign, "files", body, files))
    return found


def _by_name(uploads: list[Upload]) -> dict[str, Upload]:
    files: dict[str, Upload] = {}
    if len(uploads) > MAX_FILES:
        raise ApiError("VALIDATION_ERROR", f"files: {MAX_FILES} are the most, not {len(uploads)}", "files")
    for upload in uploads:
        if upload.filename in files:
            raise ApiError("VALIDATION_ERROR", f"files: {upload.filename} comes twice; name them apart", "files")
        files[upload.filename] = upload
    return files


def _described(
    platform: BuyerPlatform, campaign: Campaign, field: str, body: SourceAssetBody, files: dict[str, Upload]
) -> SourceAsset:
    asset = SourceAsset(
        asset_id="",
        asset_type="DOCUMENT",
        role=body.role or "reference",
        label=body.label or body.filename or body.url or body.content or "",
        provenance={},
        rights=Rights(body.rights.status, body.rights.expires_at, body.rights.notes),
        locked=body.locked_asset,
        can_transform=not body.locked_asset if body.can_transform is None else body.can_transform,
        preservation_notes=body.preservation_notes,
    )
    source = _fill(platform, campaign, field, body, files, asset)
    asset.provenance = body.provenance.model_dump(exclude_none=True) if body.provenance else {"source": source}
    if body.role is None and asset.asset_type in ("IMAGE", "LOGO"):
        asset.role = "logo" if asset.asset_type == "LOGO" or "logo" in asset.label.lower() else "product"
    if asset.role == "logo" and asset.asset_type == "IMAGE":
        asset.asset_type = "LOGO"
    asset.render_crop = _area(asset, body.render_crop, f"{field}.render_crop")
    asset.subject_bounds = _area(asset, body.subject_bounds, f"{field}.subject_bounds")
    asset.asset_id = platform.ids.next("csa")
    return asset


def _fill(
    platform: BuyerPlatform,
    campaign: Campaign,
    field: str,
    body: SourceAssetBody,
    files: dict[str, Upload],
    asset: SourceAsset,
) -> str:
    """Enter what the asset is made of; gives where it comes from, unless somebody said so."""
    if body.content is not None:
        asset.asset_type, asset.content = "TEXT", body.content
        return "brand"
    if body.url is not None:
        asset.asset_type, asset.url = "IMAGE", body.url
        return "url"
    if body.filename is not None:
        upload = files.get(body.filename)
        if upload is None:
            why = f"no file {body.filename} came with the request; there are {', '.join(files) or 'none'}"
            raise ApiError("VALIDATION_ERROR", f"{field}.filename: {why}", f"{field}.filename")
        asset.filename = upload.filename
        _read(platform, asset, upload.sha256, upload.content_type, field)
        return "upload"
    kept = _kept(platform, campaign, str(body.asset_id), f"{field}.asset_id")
    asset.label = body.label or kept.get("label") or kept.get("filename") or str(body.asset_id)
    asset.filename, asset.url = kept.get("filename"), kept.get("url")
    asset.asset_type = kept["asset_type"]
    digest = kept.get("sha256")
    if digest is not None and digest in platform.world.files:
        _read(platform, asset, digest, kept.get("mime_type") or "image/png", field)
    return "campaign"


def _kept(platform: BuyerPlatform, campaign: Campaign, asset_id: str, field: str) -> dict[str, Any]:
    for creative in campaign_creatives(platform, campaign):
        for asset in creative.assets:
            if asset["asset_id"] == asset_id:
                return asset
    raise ApiError("NOT_FOUND", f"{field}: no manifest of the campaign has an asset {asset_id}", field)


def _read(platform: BuyerPlatform, asset: SourceAsset, digest: str, declared: str, field: str) -> None:
    """Look into a file: its type is one that creatives may have (rule 178), and a picture can be drawn."""
    from agents.studio.pictures import inspect

    if digest not in platform.world.files:
        raise ApiError("VALIDATION_ERROR", f"{field}: the content of {asset.label} has not come", field)
    content = platform.world.files.get(digest)
    asset.digest, asset.size_bytes = digest, len(content)
    try:
        if len(content) > MAX_FILE_BYTES:
            raise ValueError(f"it is larger than {MAX_FILE_BYTES // 1024 // 1024} MB")
        asset.content_type = detect(content, asset.filename or "", declared)
        if asset.asset_type == "DOCUMENT":
            asset.asset_type = usual_asset_type(asset.content_type, content)
        if asset.asset_type in ("IMAGE", "LOGO"):
            asset.content_type, asset.width, asset.height = inspect(content)
            publish(platform, digest, source_name(asset), asset.content_type)
    except ValueError as error:
        raise ApiError("VALIDATION_ERROR", f"{field}: {asset.label}: {error}", field) from None


def _area(asset: SourceAsset, body: AreaBody | None, field: str) -> Area | None:
    if body is None:
        return None
    if asset.width is None or asset.height is None:
        raise ApiError("VALIDATION_ERROR", f"{field}: only a picture at hand has areas", field)
    if body.x + body.width > asset.width or body.y + body.height > asset.height:
        why = f"it reaches out of the picture of {asset.width} x {asset.height}"
        raise ApiError("VALIDATION_ERROR", f"{field}: {why}", field)
    return body.x, body.y, body.width, body.height
