"""All there is to watch: how each alarm stands, every wearer, and what is over."""
