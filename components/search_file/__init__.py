"""The search file: strict YAML in, a validated description out, and every field explained."""
