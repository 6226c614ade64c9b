"""The duty officers' console."""
