"""Which provider for a user's work: by the documents, and by what was measured."""
