"""The tests of a plan: `pytest --pyargs harness.conformance`."""
