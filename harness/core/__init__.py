"""The nouns of the harness: frozen values that every layer above may hold, and the error tree."""
