"""Weak signs on images: reasons to look, never a verdict."""
