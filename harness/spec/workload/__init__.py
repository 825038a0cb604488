"""Workloads from TOML, and how near a provider comes to each."""
