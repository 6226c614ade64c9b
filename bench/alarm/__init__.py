"""From the press to what leaves, and what goes wrong in between."""
