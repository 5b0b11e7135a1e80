"""Incidents: the time line of what happened, and the report."""

from leadgen_assets.desk.incidents.report import incident_report
from leadgen_assets.desk.incidents.timeline import Event, timeline

__all__ = ["Event", "incident_report", "timeline"]
