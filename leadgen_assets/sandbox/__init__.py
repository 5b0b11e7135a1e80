"""Vendors for the demo, the tests and the benchmarks: real HTTP servers over one world of invented people."""
