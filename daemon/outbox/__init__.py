"""What is kept on the card until it is delivered."""
