"""Stage: ends candidates early, each with a verdict that says why."""
