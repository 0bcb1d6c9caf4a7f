"""Is B better than A, by how much, and how sure is that: paired differences between variants."""
