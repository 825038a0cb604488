"""What was billed for what came, and price lists beside the maker's prices."""
