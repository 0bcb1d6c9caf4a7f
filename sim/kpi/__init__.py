"""Key figures, worked out from the records alone."""
