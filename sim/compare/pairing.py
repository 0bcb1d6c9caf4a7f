"""What two runs have in common, and hence how they may be compared."""

from collections.abc import Sequence
from dataclasses import dataclass

from sim.run.manifest import Manifest
from sim.units import format_duration


@dataclass(frozen=True)
class Pairing:
    """How a variant is compared with the base.

    Attributes:
        paired: replication by replication; otherwise as two independent samples (Welch).
        totals: whether counts and costs, which grow with the measured time, may be compared.
        money: whether both are in the same currency.
        warnings: what is not as it should be, in sentences.
    """

    paired: bool
    totals: bool
    money: bool
    warnings: Sequence[str]


def pairing(base: Manifest, base_label: str, other: Manifest, label: str) -> Pairing:
    """How two runs may be compared, from what their manifests say."""
    warnings = []
    between = f"{label} and {base_label}"
    window = (base.horizon_ms - base.warm_up_ms) == (other.horizon_ms - other.warm_up_ms)
    paired = True
    if base.seed != other.seed:
        paired = False
        warnings.append(
            f"{between} have different seeds ({other.seed} and {base.seed}): not paired, intervals are wider"
        )
    for what, here, there in (
        ("start", base.start, other.start),
        ("warm-up", format_duration(base.warm_up_ms), format_duration(other.warm_up_ms)),
        ("horizon", format_duration(base.horizon_ms), format_duration(other.horizon_ms)),
        ("starting state", base.from_state or "none", other.from_state or "none"),
    ):
        if here != there:
            paired = False
            warnings.append(f"{between} differ in {what} ({there} and {here}): not paired, intervals are wider")
    if not window:
        warnings.append(f"{between} were measured over times of different length: counts and costs are left out")
    if base.replications != other.replications:
        counts = f"{other.replications} and {base.replications} replications"
        used = (
            f"the first {min(base.replications, other.replications)} pairs are used"
            if paired
            else "all of them are used"
        )
        warnings.append(f"{between} have {counts}: {used}")
    if base.currency != other.currency:
        warnings.append(f"{between} are in different currencies ({other.currency}, {base.currency}): no money compared")
    return Pairing(paired, window, base.currency == other.currency, warnings)
