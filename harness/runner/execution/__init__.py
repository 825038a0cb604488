"""One planned request over one transport: journal, budget, retries, failures."""
