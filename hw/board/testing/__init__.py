"""The board inside a test: in simulated time, or on a thread."""
