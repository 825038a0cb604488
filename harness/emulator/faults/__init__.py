"""The named faults: their catalogue, combinations of values, the active set."""
