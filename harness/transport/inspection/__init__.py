"""What an image file shows of its making, read in a process of its own: a manifest, signs."""
