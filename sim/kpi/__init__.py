"""Key figures, worked out from the records alone."""

# importing them registers their KPIs, after those of sim.kpi.kpis and in this order
import sim.kpi.pooling  # noqa: I001
import sim.kpi.plants
import sim.kpi.devices
import sim.kpi.detection
import sim.kpi.contracts  # noqa: F401
