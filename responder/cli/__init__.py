"""``outcry-responder``: the command line."""
