"""The operations desk."""
