"""What `outcry check` asks, and what it finds."""
