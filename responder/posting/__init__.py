"""Where a post goes out: one publisher a network."""
