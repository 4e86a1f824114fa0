"""Stage: measures the latency of a shard's trained candidates on the device it runs on, beside the roofline estimate."""
