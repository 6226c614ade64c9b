"""The daemon as one process: loop, start and stop, systemd."""
