"""Fixtures for people's own clients: a running twin of a provider, a client of it, cassettes."""
