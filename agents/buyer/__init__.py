"""The buyer platform: customers plan campaigns on it, and it buys from sales agents by AdCP."""

from agents.buyer.config import BuyerConfig
from agents.buyer.platform import BuyerPlatform
from sandbox.kernel.actor import ActorKind

KIND = ActorKind("buyer", BuyerConfig, BuyerPlatform)

__all__ = ["KIND", "BuyerConfig", "BuyerPlatform"]
