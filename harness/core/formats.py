"""Image formats that are known and not decoded."""

NOT_DECODED = ("heic", "heif", "jxl", "svg")
"""Formats that are known by their first bytes and not decoded here: nobody is blamed for that."""
