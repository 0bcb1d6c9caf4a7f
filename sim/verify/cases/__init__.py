"""The cases of the verification page, a file per family; see sim/verify/registry.py."""
