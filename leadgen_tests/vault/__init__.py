"""The vault of credentials and its master key."""
