"""One function per format, all drawn from one `Report`."""
