"""The key figures of detection rules: do alarms tell what is true, and how soon.

They have rows only in networks with rules. `rule` is the scope of single rules (key: its name in table `rules`). An
alarm belongs to the time at which it was raised, what no alarm told to the time since which it was true.
"""

from typing import Final

from sim.kpi.devices import DEVICE_SCOPES, of_devices
from sim.kpi.kpis import HOUR_MS, Group, kpi, ratio
from sim.network import Float64Array, Network

RULE_SCOPES: Final = DEVICE_SCOPES | {"rule"}


def _has_rules(network: Network) -> bool:
    return network.plant_plan is not None and len(network.plant_plan.rules) > 0


@kpi("alarms", RULE_SCOPES, _has_rules)
def alarm_hits(of: Group) -> Float64Array:
    """Alarms that told the truth, or what then became true."""
    return of_devices(of, of("alarm_hits"))


@kpi("alarms", RULE_SCOPES, _has_rules)
def false_alarms(of: Group) -> Float64Array:
    """Alarms without cause."""
    return of_devices(of, of("alarms_false"))


@kpi("misses", RULE_SCOPES, _has_rules)
def missed_alarms(of: Group) -> Float64Array:
    """Times that it was true and no alarm told so."""
    return of_devices(of, of("alarms_missed"))


@kpi("share", RULE_SCOPES, _has_rules)
def alarm_precision(of: Group) -> Float64Array:
    """Alarms that told the truth / alarms."""
    return ratio(of("alarm_hits"), of("alarm_hits") + of("alarms_false"))


@kpi("share", RULE_SCOPES, _has_rules)
def alarm_recall(of: Group) -> Float64Array:
    """What alarms told / all that was true."""
    return ratio(of("alarm_hits"), of("alarm_hits") + of("alarms_missed"))


@kpi("h", RULE_SCOPES, _has_rules)
def alarm_delay(of: Group) -> Float64Array:
    """Mean time from the truth's beginning to the alarm, of hits; 0 where the alarm came first."""
    return ratio(of("alarm_delay_ms"), of("alarm_hits")) / HOUR_MS
