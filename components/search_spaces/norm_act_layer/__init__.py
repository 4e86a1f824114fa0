"""The space of normalization-activation layers: graphs of primitive operations (EvoNorm)."""
