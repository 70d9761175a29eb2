"""Going on after a kill, to the last bit: the callback, its files, and what other callbacks remember."""
