"""The live dashboard: API, access, stream, page."""
