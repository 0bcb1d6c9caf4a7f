"""Spells: random times, one after the other, in which something does not work."""

from pydantic import Field

from policies.fields import Model
from sim.scenario.distributions import DurationField


class Spells(Model):
    """Random times in which something does not work; all is well before the first and between them."""

    every: DurationField = Field(description="time from the start, or the end of one, to the beginning of the next")
    lasting: DurationField = Field(description="how long one lasts")
