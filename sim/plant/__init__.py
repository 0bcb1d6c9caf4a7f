"""Plants: what their people and machines take, what the devices make of it, and what a missing item costs."""
