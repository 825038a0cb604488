"""What was sent and what came, behind each cell of the matrix and each finding."""
