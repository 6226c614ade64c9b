"""The board's pins, for gpiozero."""
