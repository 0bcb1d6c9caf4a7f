"""Verification: long runs of the twin beside closed forms and exact numerical solutions of inventory theory.

formulas/    the theory, nothing else: no engine, no scenario
samples.py   what a run says of a quantity: means, ratios and shares with their intervals
copies.py    networks of many independent copies of one small system, simulated in one replication
registry.py  cases and their checks; cases/ holds them, a file per family
coverage.py  do the intervals that users see contain the truth as often as they promise?
run.py       all cases, in one process or several, and the verdicts
page.py      the table as Markdown and JSON
"""
