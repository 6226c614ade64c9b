"""The simulated board: SIM800 on a pty, pins, phones and a receiver's feed."""
