"""Hostile input for everything that takes input: vendors' answers, files, options, settings; and output people open."""
