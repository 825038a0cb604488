"""A provider as data: its promises with their sources, and how its dialect is spoken."""
