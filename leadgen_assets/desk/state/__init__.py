"""The state of a sprint at the desk: one picture for dashboard, alerts, reports, time series and `/metrics`.

`StateReader.read` gives it as plain values, `measures` flattens it into named numbers.
"""

from leadgen_assets.desk.state.measures import MEASURES, Measure, measures
from leadgen_assets.desk.state.reader import StateReader

__all__ = ["MEASURES", "Measure", "StateReader", "measures"]
