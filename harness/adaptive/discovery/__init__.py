"""What the documents leave open, measured within an allowance of paid images."""
