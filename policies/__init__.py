"""Decisions: what to order, from whom, who gets scarce stock, what a contract bills.

Policies are configuration (frozen models with a `kind`) and pure functions of what the system knows. Nothing here keeps
time, reads files or changes stock.
"""
