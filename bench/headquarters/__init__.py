"""HQ under load and under kills."""
