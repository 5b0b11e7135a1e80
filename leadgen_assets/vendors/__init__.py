"""Vendor clients: what each vendor's HTTP API does (docs/vendors.md), and nothing about sprints, stores or Dagster."""
