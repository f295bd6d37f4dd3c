"""provide_performance_feedback: what buyers measured; written down, and answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agents.seller.context import seller_of
from sandbox.core.errors import AdcpError

if TYPE_CHECKING:
    from sandbox.kernel.endpoint import Context


def provide_performance_feedback(ctx: Context, request: dict[str, Any]) -> dict[str, Any]:
    """Note a performance index (1.0 is as expected) of a media buy or of one of its packages."""
    seller = seller_of(ctx)
    buy = seller.buy_for(ctx, request["media_buy_id"])
    package_id = request.get("package_id")
    if package_id is not None and package_id not in buy.packages:
        raise AdcpError("PACKAGE_NOT_FOUND", f"there is no package {package_id}", field="package_id")
    names = (
        "measurement_period",
        "performance_index",
        "package_id",
        "creative_id",
        "metric_type",
        "feedback_source",
    )
    buy.feedback.append({name: request[name] for name in names if name in request})
    seller.decide(
        "media_buy",
        buy.media_buy_id,
        "noted",
        f"performance index {request['performance_index']} by the buyer",
    )
    return {"status": "completed", "success": True}
