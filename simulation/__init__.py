"""Outcry in simulated time, for tests and bench: real code between stand-ins, on a clock they move.

Nothing here is shipped.
"""
