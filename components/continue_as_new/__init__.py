"""The step that goes on with a search in the next run of the pipeline."""
