"""Dagster resources: they open what the use cases need and hand out domain objects."""
