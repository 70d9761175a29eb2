"""Statistics of arrays, in float64 and chunk by chunk, and the Feature that is made of them."""
