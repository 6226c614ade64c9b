"""Real servers of networks, on this machine alone: for the demo and for tests."""
