"""The world: SimPy's clock, actors, the one door, the network with its faults, the trace, the checkers."""
