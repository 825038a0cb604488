"""Many runs over time: an index of run folders, their figures by month, and change points."""
