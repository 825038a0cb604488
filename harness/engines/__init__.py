"""Engines that run all slices of a run at once, on this machine or on others: `--on`."""
