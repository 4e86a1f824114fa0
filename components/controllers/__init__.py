"""What decides which design is tried next."""
