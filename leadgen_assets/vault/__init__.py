"""Credentials encrypted at rest, and their master key, which is kept elsewhere (NFR-010)."""
