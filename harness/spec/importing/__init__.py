"""An OpenAPI document as a provider's TOML, with a list of what neither says of the other."""
