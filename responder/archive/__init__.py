"""Case files and their proof, time stamps, retention and housekeeping."""
