"""A sandbox inside a test: served on free ports for a real client, or in process.

::

    with Sandbox("worlds/default") as box:
        client = MyClient(box.api, box.api_key)
        client.launch()
        box.advance("3d")

    with Simulation("lifecycle/one-agent") as world:
        advertiser = world.call("buyer.create_advertiser", {"name": "Acme", "brand": "acme.com"})

The pytest plugin has the same as fixtures (docs/testing.md).
"""

from sandbox.testing.calls import Refused
from sandbox.testing.served import Agent, Sandbox, Transport
from sandbox.testing.simulation import Simulation

__all__ = ["Agent", "Refused", "Sandbox", "Simulation", "Transport"]
