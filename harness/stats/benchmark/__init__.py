"""Records of a benchmark to attempts, and attempts to figures."""
