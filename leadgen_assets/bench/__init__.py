"""Benchmarks: every stage of a sprint measured in a process of its own, beside a bare baseline, on invented people.

`suite` runs stages, `stages` lists them, `measure` takes the figures, `page` writes them down.
"""
