"""A provider as JSON Schema and OpenAPI."""
