"""Replications, run directories, resuming, results."""
