"""Detection rules at work: what they see, what is true, and how the two compare (rules: policies/detection)."""
