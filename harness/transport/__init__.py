"""The only place that does network I/O: live endpoints, cassettes, and recordings made elsewhere."""
