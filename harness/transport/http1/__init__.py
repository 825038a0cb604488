"""HTTP/1.1 over our own sockets, each phase timed where bytes arrive."""
