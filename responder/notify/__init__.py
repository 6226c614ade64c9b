"""Telling people: the words, and who carries them."""
