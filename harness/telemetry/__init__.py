"""A finished run as OpenTelemetry spans: one of each case, and one of each exchange within it."""
