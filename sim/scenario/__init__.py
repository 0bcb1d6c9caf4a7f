"""The scenario language: from a YAML file and its tables to a checked, frozen `Scenario`."""

from sim.scenario.findings import Finding, ScenarioError
from sim.scenario.loader import load_scenario
from sim.scenario.scenario import Scenario

__all__ = ["Finding", "Scenario", "ScenarioError", "load_scenario"]
