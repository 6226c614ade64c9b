"""The running board and its command line."""
