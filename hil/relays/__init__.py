"""Links that can be broken on purpose: TCP relays on loopback that keep a record of every byte that passed."""
