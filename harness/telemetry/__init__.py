"""A finished run as OpenTelemetry spans: one of each case, and one of each exchange within it.

`spans` makes them out of what was recorded and needs no library; `export` hands them to
OpenTelemetry's SDK and its exporter over HTTP, which come with the extra `otel`.
"""
