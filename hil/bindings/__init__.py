"""Nodes of the twin bound to devices that run elsewhere, by protocol."""
