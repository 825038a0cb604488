"""Pictures of a run, as values that a template draws in SVG: readable without a script."""
