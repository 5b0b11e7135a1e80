"""The chaos suite: small sprints that are hurt at a chosen moment, and what must hold once they have recovered.

A *case* is one fault at one moment of one sprint, all three chosen by a seed. Who runs a sprint is handed in by the
command line, so that nothing here knows it; what is checked afterwards is read from the vendors' own records and from
MongoDB, not from the code that is being tested.
"""
