"""Emulated devices: smart shelves, vending machines, tanks and their gateways.

A device here is a pure state machine with its jams, noise and drift; it knows nothing of the simulation, so that a
simulated shelf and one that a real gateway reads are the same code. Each file holds one device, in two layers: its
rules as plain functions of numbers (docs/plant.md), which the simulated flow compiles; and the device that stands on
them, with the signals that a protocol face serves (`device.py` says how to make one).
"""
