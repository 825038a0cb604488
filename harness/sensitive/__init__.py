"""What must not be written: keys and personal data, by value, by shape and by name."""
