"""Hypothesis strategies of what a provider documents: valid requests, sizes, and single violations.

from hypothesis import given
from harness.strategies import requests

@given(requests("buble", "generate"))
def test_my_gateway_takes_what_the_documents_allow(request): ...
"""
