"""What is said to whom: texts, reports, and their delivery."""
