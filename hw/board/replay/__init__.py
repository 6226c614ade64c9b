"""Recorded conversations with real modems: taken down, masked, played back."""
