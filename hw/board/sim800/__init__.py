"""What only a SIM800 does: its strings, its TCP and HTTP, its sleep, its supply."""
