"""Embedded servers and their supervisor."""
