"""Tests by subject, mirroring the layers of `leadgen_assets`."""
