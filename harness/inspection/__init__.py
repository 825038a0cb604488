"""What image files that somebody already has show: pixels, who signed them, tokens, suspicions."""
