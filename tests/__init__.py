"""The tests; a package so that they can share the reference model and the small networks."""
