"""Training at speed: the traced step, feeding data, checkpoints, evaluation, and the programs that drive them."""
