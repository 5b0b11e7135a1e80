"""Alerts: rules as data, one evaluator, a life from raised to resolved, and messages that arrive (REQ-022, OPS-03, OPS-04)."""
