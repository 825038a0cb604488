"""What the documents of two runs say otherwise, and what a run could not have known of them."""
