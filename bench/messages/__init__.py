"""How long what is sent can get."""
