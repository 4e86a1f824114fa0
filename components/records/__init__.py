"""What passes between stages, and where it lies."""
