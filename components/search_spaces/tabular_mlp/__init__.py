"""The search space of multi-layer perceptrons for tables: a width for each hidden layer (TabNAS)."""
