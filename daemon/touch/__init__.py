"""The button and the strap by touch, and what the wearer feels: pure."""
