"""Gateways to test the tester with: a sound one as example and default, and one that is bad on purpose."""
