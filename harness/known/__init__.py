"""Known deviations: expected failures, each with a reason and a day on which it expires."""
