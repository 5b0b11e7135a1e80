"""The operations desk: what a sprint's status is, who is told, what the report says."""
