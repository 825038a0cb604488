"""Records to estimates: every figure with its n, its unit, its interval and its method."""
