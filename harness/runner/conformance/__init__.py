"""A conformance run of one provider: its schedule and its workers."""
