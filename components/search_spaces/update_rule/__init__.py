"""The search space of optimizer update rules (Neural Optimizer Search)."""
