"""Two runs beside each other: what changed, how sure that is, and whether it is to stop a build."""
