"""Sizing a pilot: from what a customer uses to devices, slots, stock levels and visits that keep a promise."""
