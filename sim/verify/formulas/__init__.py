"""Closed forms and exact numerical solutions of inventory theory, each with its source (see sim/verify/sources.py).

A distribution over 0, 1, 2, ... is an array of probabilities; what lies beyond its end is below 1e-12. Demand comes
from a Poisson process of customers unless it says otherwise (PASTA: they see the time-stationary state), rates and
lead times are in days, stock is in units.
"""
