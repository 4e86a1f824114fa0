"""Stage: measures the latency of a shard's trained candidates on its device, beside the roofline estimate."""
