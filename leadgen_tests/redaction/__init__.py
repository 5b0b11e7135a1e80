"""Secrets and people are kept out of what is logged, printed and stored about runs."""
