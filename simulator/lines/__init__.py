"""What lines of a conversation may say, by who does it."""
