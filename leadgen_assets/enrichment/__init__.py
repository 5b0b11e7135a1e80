"""Enrichment: only what is missing, only who survived, cheapest first, every answer cached. No HTTP here."""
