"""A decorated function per claim: a record and a provider in, a verdict out; nothing is sent.

To add one, decorate it with `harness.checks.check.check` in a module of this package; how a
generated test holds its promise (`harness.checks.check`) stands beside it.
"""
