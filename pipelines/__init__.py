"""The pipeline, compiled for a cluster or run locally, and the command line."""
