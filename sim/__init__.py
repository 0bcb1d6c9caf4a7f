"""The twin: scenario language, engine, records, KPIs and experiments.

The main path is scenario file -> `Scenario` -> `Network` (arrays) -> engine (SimPy and the compiled stock flow)
-> `Records` -> KPIs -> run directory.
"""
