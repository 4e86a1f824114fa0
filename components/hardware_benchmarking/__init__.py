"""Stage: measures the latency of a shard's trained candidates on its device, and of single layers before any round."""
