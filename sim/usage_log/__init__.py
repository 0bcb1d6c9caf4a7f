"""The usage log: a Merkle log of what the platform learnt of use, its signed checkpoints, and proofs of single entries.

What it protects is in docs/contracts.md, "Usage log". Files of a replication's folder `usage_log/`: see `log.py`.
"""
