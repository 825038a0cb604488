"""Run folders of slices, joined to one: `harness merge`."""
