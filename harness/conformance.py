"""A provider's promises as pytest tests: `pytest --pyargs harness.conformance --provider NAME`.

The tests come from the plan and not from this file (`harness.pytest_plugin`): one for each promise
and operation.
"""
