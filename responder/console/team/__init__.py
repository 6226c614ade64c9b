"""Officers among each other: who has an alarm, the shift log, and who did what."""
