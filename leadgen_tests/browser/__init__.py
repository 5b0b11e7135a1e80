"""The Dagster UI as a person uses it: `leadgen dev` in a home of its own, and a headless Chromium."""
