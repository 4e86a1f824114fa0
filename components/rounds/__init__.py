"""What search rounds and finishing rounds share: the record of a candidate, of a proposal, and what became of each."""
