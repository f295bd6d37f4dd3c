"""What everything else stands on: errors, ids, money, time, random streams, registries, lifecycles.

Nothing here knows AdCP, SimPy or an agent, and nothing here imports another part of the sandbox.
"""
