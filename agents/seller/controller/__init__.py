"""The compliance test controller of a sales agent: what happens by itself elsewhere, on demand.

docs/building/by-layer/L3/comply-test-controller.mdx. It acts on the agent's own state and on the world's clock, and is
there only where the settings say ``test_controller: true``. One file a family of scenarios.
"""
