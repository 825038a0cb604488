"""A benchmark of several providers on one clock, measured and monitored."""
