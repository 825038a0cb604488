"""Cases into an ordered, priced plan; nothing has been sent."""
