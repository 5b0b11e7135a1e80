"""Vendor clients."""
