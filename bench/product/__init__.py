"""What is shipped, and what it weighs."""
