"""Emulated devices: smart shelves, vending machines, tanks and their gateways.

A device here is a pure state machine with its jams, noise and drift; it knows nothing of the simulation, so that a
simulated shelf and one that a real gateway reads are the same code. The first devices come with the plant scenarios.
"""
