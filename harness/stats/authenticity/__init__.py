"""What of the images can be shown by signature, arithmetic and pixels, and what it cost."""
