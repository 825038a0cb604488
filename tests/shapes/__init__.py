"""Small image APIs in shapes that exist out there, and a TOML for each: outside the package.

The servers are written from the public documentation of each API and share no code with the
harness or its emulator; they show that a provider can be described without touching either.
"""
