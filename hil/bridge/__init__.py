"""The twin by the wall's clock: pacing, modes of nodes, handover, snapshots. See docs/bridge.md."""
