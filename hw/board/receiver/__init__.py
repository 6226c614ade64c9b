"""A GPS receiver's sentences, made or recorded."""
