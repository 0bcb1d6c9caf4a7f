"""The books of contracts, worked out from what a replication recorded; see docs/contracts.md."""
