"""Speed of the engine against a plain SimPy model and a bare compiled kernel, on one fixed workload.

`python -m benchmarks` (or `make bench`) prints one table; `benchmarks/workload.py` says what is simulated.
"""
