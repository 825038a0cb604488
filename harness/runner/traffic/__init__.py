"""Traffic recorded elsewhere, matched to requests and judged."""
