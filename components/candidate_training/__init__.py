"""Stage: trains a shard's candidates, in the probe or the full phase."""
