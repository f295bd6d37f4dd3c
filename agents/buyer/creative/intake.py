"""How assets come in: files are paired with what is said of them, typed and measured (rules 178, 181 and 182)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agents.buyer.creative.bodies import ASSET_TYPES, Metadata, NewAsset, UpdateCreative
from agents.buyer.creative.bundle import is_safe_path
from agents.buyer.creative.measure import measure
from agents.buyer.creative.mime import ALLOWED, detect, usual_asset_type
from sandbox.core.errors import ApiError
from sandbox.operations import Upload
from sandbox.operations.operation import MAX_FILE_BYTES, MAX_FILES

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform

Asset = dict[str, Any]

_INLINE = ("HTML", "JAVASCRIPT", "CSS", "VAST", "TEXT")
"""What may be given as ``content``."""

_TEXTS = ("text/javascript", "application/xml", "text/markdown", "text/plain", "image/svg+xml")
MAX_TEXT_BYTES = 1024 * 1024
"""Size of one such file at most; HTML and CSS have a limit of their own."""


def take_in(
    platform: BuyerPlatform, body: Metadata, said: list[NewAsset], files: list[Upload], field: str, kept: list[Asset]
) -> list[Asset]:
    """``kept`` and the new assets of a request: those that it names, files that it does not name, URL and webhook.

    A file that no asset names becomes one by itself, typed by its content, as in the seed's example. Raises
    VALIDATION_ERROR; an asset's file must be there.
    """
    uploads = _by_name(platform, files)
    names: list[str | None] = [asset.filename for asset in said if asset.filename is not None]
    taken = [asset["filename"] for asset in kept if "filename" in asset]
    for i, asset in enumerate(said):
        if asset.filename in taken or names.count(asset.filename) > 1:
            raise _invalid(f"{field}[{i}].filename", f"there is another asset of the file {asset.filename!r}")
    assets = [_new(platform, asset, uploads, f"{field}[{i}]") for i, asset in enumerate(said)]
    for i, file in enumerate(files):
        if file.filename not in names:
            if file.filename in taken:
                raise _invalid(f"files[{i}]", f"there is another asset of the file {file.filename!r}")
            assets.append(_uploaded(platform, NewAsset(filename=file.filename), file, f"files[{i}]"))
    if body.url_asset is not None:
        url = NewAsset(asset_type="URL", url=body.url_asset.url, url_type=body.url_asset.url_type)
        assets.append(_new(platform, url, {}, "url_asset"))
    if body.webhook_asset is not None:
        assets.append(_webhook(platform, body))
    found = [*kept, *assets]
    if sum(asset.get("url_type") == "CLICKTHROUGH" for asset in found) > 1:
        raise _invalid("url_asset", "a manifest has one CLICKTHROUGH at most")
    return found


def reclassified(body: UpdateCreative, assets: list[Asset]) -> list[Asset]:
    """The assets without deleted ones, under their new types; NOT_FOUND for an unknown asset (rule 184)."""
    known = {asset["asset_id"]: asset for asset in assets}
    named = [(f"delete_asset_ids[{i}]", asset_id) for i, asset_id in enumerate(body.delete_asset_ids)]
    named += [(f"reclassify_assets[{i}]", entry.asset_id) for i, entry in enumerate(body.reclassify_assets)]
    for field, asset_id in named:
        if asset_id not in known:
            raise ApiError("NOT_FOUND", f"{field}: the manifest has no asset {asset_id}", field)
    types: dict[str, str] = {}
    for i, entry in enumerate(body.reclassify_assets):
        _check_type(known[entry.asset_id], entry.asset_type, f"reclassify_assets[{i}].asset_type")
        types[entry.asset_id] = entry.asset_type
    return [
        {**asset, "asset_type": types.get(asset["asset_id"], asset["asset_type"])}
        for asset in assets
        if asset["asset_id"] not in body.delete_asset_ids
    ]


def _check_type(asset: Asset, wanted: str, field: str) -> None:
    may_be: tuple[str, ...] | list[str]
    if asset["asset_type"] in ("URL", "WEBHOOK"):
        may_be = (asset["asset_type"],)
    elif "mime_type" in asset:
        may_be = ALLOWED[asset["mime_type"]]
    else:
        may_be = _INLINE if asset["asset_source"] == "inline" else [name for name in ASSET_TYPES if name != "URL"]
    if wanted not in may_be:
        what = asset.get("mime_type") or f"an asset of type {asset['asset_type']}"
        raise _invalid(field, f"{what} may be {' or '.join(may_be)}, not {wanted}")


def _by_name(platform: BuyerPlatform, files: list[Upload]) -> dict[str, Upload]:
    if len(files) > MAX_FILES:
        raise _invalid("files", f"{MAX_FILES} files are the most, not {len(files)}")
    found: dict[str, Upload] = {}
    for i, file in enumerate(files):
        field = f"files[{i}]"
        if not isinstance(file.filename, str) or not is_safe_path(file.filename):
            raise _invalid(f"{field}.filename", "a file has a name, or a relative path without '..'")
        if file.filename in found:
            raise _invalid(f"{field}.filename", f"there are two files {file.filename!r}")
        if not isinstance(file.size, int) or file.size > MAX_FILE_BYTES:
            raise _invalid(field, f"{file.filename!r} is larger than {MAX_FILE_BYTES // 1024 // 1024} MB")
        if file.sha256 not in platform.world.files:
            raise _invalid(f"{field}.sha256", f"the content of {file.filename!r} has not come")
        found[file.filename] = file
    return found


def _new(platform: BuyerPlatform, asset: NewAsset, uploads: dict[str, Upload], field: str) -> Asset:
    if (asset.asset_type == "URL") != (asset.url_type is not None):
        raise _invalid(f"{field}.url_type", "url_type goes with asset_type URL")
    if asset.url is not None and asset.content is not None:
        raise _invalid(f"{field}.content", "give url or content, not both")
    if asset.url is None and asset.content is None:
        if asset.filename is None:
            raise _invalid(field, "give url, content or filename")
        if asset.filename not in uploads:
            came = f"there came {', '.join(repr(name) for name in uploads)}" if uploads else "there came no files"
            raise _invalid(f"{field}.filename", f"no file {asset.filename!r} came with the request; {came}")
        return _uploaded(platform, asset, uploads[asset.filename], field)
    if asset.asset_type is None:
        raise _invalid(f"{field}.asset_type", "an asset that is no file needs its type")
    if asset.filename is not None and asset.filename in uploads:
        raise _invalid(f"{field}.filename", "give a file, or url or content, not both")
    kept: Asset = {"asset_id": platform.ids.next("asset"), **asset.model_dump(exclude_none=True, exclude={"filename"})}
    if asset.content is None:
        return {**kept, "asset_source": "url"}
    if asset.asset_type not in _INLINE:
        raise _invalid(f"{field}.content", f"inline content may be {', '.join(_INLINE)}, not {asset.asset_type}")
    return {**kept, "asset_source": "inline", "sha256": platform.world.files.put(_bytes(asset.content, field))}


def _bytes(text: str, field: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise _invalid(f"{field}.content", "it is no valid Unicode text") from None


def _uploaded(platform: BuyerPlatform, asset: NewAsset, file: Upload, field: str) -> Asset:
    """A file's asset: its type by content, its size and length as measured."""
    content = platform.world.files.get(file.sha256)
    if len(content) > MAX_FILE_BYTES:
        raise _invalid(field, f"{file.filename!r} is larger than {MAX_FILE_BYTES // 1024 // 1024} MB")
    try:
        mime = detect(content, file.filename, str(file.content_type))
        if mime in _TEXTS and len(content) > MAX_TEXT_BYTES:
            raise ValueError(f"a text may have {MAX_TEXT_BYTES // 1024} KB")
        measures = measure(content, mime)
    except ValueError as error:
        raise _invalid(field, f"{file.filename!r}: {error}") from None
    kept: Asset = {
        "asset_id": platform.ids.next("asset"),
        "asset_type": asset.asset_type or usual_asset_type(mime, content),
        **asset.model_dump(exclude_none=True, exclude={"asset_type"}),
        "mime_type": mime,
        "file_size": len(content),
        "sha256": file.sha256,
        "asset_source": "upload",
    }
    _check_type({**kept, "asset_type": ""}, kept["asset_type"], f"{field}.asset_type")
    for name, value in measures.items():
        if name in ("width", "height") and kept.get(name, value) != value:
            raise _invalid(f"{field}.{name}", f"the {name} of {file.filename!r} is {value}, not {kept[name]}")
        kept[name] = value
    return kept


def _webhook(platform: BuyerPlatform, body: Metadata) -> Asset:
    hook = body.webhook_asset
    assert hook is not None
    if hook.security.method != "none" and hook.security.secret is None:
        raise _invalid("webhook_asset.security.secret", f"{hook.security.method} needs a secret")
    return {
        "asset_id": platform.ids.next("asset"),
        "asset_type": "WEBHOOK",
        "asset_source": "webhook",
        **hook.model_dump(exclude_none=True, exclude={"security": {"secret"}}),
    }


def _invalid(field: str, why: str) -> ApiError:
    return ApiError("VALIDATION_ERROR", f"{field}: {why}", field)
