"""The marker of a test with a twin, and who has one; nothing is imported for them."""

MARKER = "image_provider"
PROVIDERS = ("aimlapi", "apiframe", "buble", "nanobanana", "openai", "sub2api")
"""Who has a twin; a test of ours compares it with the emulator, which is not loaded for it."""
