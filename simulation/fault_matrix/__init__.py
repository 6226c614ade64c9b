"""The fault matrix: every step that a modem is asked, struck by every fault, and what came of it."""
