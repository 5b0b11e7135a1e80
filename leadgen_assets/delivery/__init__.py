"""Delivery: qualified leads into the CRM, one recorded outcome per lead. No Dagster, no HTTP here."""
