"""The only image name: every component runs in it, and compiling for a cluster replaces it."""

IMAGE = "archloom/python-tensorflow:0.1.0"
