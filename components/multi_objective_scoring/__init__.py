"""Stage: scores a round's candidates and commits the round."""
