"""The first screen: what a run came to, for whoever has a minute."""
