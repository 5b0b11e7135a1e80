"""The assets: each fetches from resources, calls a use case, and returns value and metadata."""
