"""The tests of a run folder: `pytest --harness-run RUN`."""
