"""How long a model takes: on the device table's roofline, and measured."""
