"""A test bench as a user's own tests see it: emulated devices, or real ones; links, broker and gateway."""
