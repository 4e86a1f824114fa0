"""Numbers in, numbers out: reward, Pareto fronts, metrics."""
