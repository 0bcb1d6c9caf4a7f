"""Faults that repeat: a file of timed and seeded faults, the plan it makes, and the player that carries it out."""
