"""A TOML as its writer sees it: lines, spelling, schema, what disagrees, the reference page."""
