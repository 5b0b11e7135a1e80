"""The command line: what people and programs type, read and get back."""
