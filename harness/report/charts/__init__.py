"""Figures to places in a picture, in percent of its width and height: it fits every screen."""
