"""What a report says of a benchmark, as values that every format draws."""
