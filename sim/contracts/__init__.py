"""The books of contracts, out of what a replication recorded: see docs/contracts.md."""
