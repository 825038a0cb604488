"""Which quality images were drawn in, by what their reply counts or charges."""
