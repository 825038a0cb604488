"""A canary that is called every day: what it may spend, what it has seen, whom it alerts."""
