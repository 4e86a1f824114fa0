"""Stage: re-ranks the best few, chooses width and depth, and trains the winner."""
