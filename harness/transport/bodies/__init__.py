"""Bodies as they come: spooled, scanned, decoded in a process of its own."""
