"""What was agreed for a wearer."""
