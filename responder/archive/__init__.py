"""Case files, retention and housekeeping."""
