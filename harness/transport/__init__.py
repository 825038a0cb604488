"""The only place that does network I/O: live endpoints, cassettes, recordings of others."""
