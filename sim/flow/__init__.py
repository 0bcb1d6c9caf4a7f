"""The compiled flow: what happens between two SimPy events, as transitions over arrays."""
