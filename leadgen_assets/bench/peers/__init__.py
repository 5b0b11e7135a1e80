"""What else one could use to collect from Apollo: scripts that know nothing of ours, each run on its own.

Each is given the path of a task (JSON: `base`, `key`, `searches` of `body` and `leads`, `mongo`, `folder`) and prints
{"leads": collected, "seconds": without imports}.
"""
