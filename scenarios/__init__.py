"""Scenarios that run, shipped as package data with their tables: `mro-twin run network` finds them by name.

Each is one YAML file; its notes say what was assumed and what was fitted.
"""
