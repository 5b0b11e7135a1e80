"""The chaos suite itself."""
