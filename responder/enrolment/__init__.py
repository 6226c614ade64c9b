"""Wearers, PINs, safe codes, answer cards, HQ's keys, revocation."""
