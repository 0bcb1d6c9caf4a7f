"""Randomness: named streams, durations and sizes from uniform numbers."""
