"""Key figures, worked out from the records alone."""

import sim.kpi.pooling  # noqa: F401  (importing it registers its KPIs, after those of sim.kpi.kpis)
