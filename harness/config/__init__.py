"""`harness.toml`: choices that hold for a directory until the command line says otherwise."""
