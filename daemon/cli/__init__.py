"""``outcry``: the command line."""
