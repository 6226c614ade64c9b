"""What is kept on the card until it has been delivered."""
