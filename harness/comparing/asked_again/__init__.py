"""What was asked again, and what that makes of the changes."""
