"""The lead: its schema and the rules for every field of it, identity, golden records, score. Pure, no Dagster."""
