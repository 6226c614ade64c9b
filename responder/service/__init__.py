"""The responder as one process."""
