"""The report of a search: one self-contained HTML page rendered from typed contents, without a browser script."""
