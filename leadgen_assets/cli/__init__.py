"""The command line: thin over the use cases, with rich output for people and `--json` for programs."""
