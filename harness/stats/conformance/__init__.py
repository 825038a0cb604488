"""Records of a conformance run to figures: latency, completion, streams, cost, errors."""
