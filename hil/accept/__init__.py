"""Acceptance of gateways: what devices showed is matched with what arrived, and every truth and report gets a class."""
