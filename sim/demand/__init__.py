"""Customer demand: every line of a stretch of time, in the order in which they happen."""
