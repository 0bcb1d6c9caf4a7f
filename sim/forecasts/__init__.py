"""Forecasts and the levels that follow from them, inside a run."""
