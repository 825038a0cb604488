"""Times, failures, prices and images of two runs: comparisons, and which of them are changes."""
