"""Collecting a segment: in which order pages are fetched, paid, landed and made into provisional leads."""
