"""What the documents say of one request, and the nearest valid one."""
