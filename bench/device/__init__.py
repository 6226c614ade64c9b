"""The wearable as a process: its start, its memory, its idle day."""
