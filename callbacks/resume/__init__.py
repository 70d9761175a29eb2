"""Resuming a killed training, to the last bit: the callback, its checkpoints and the state of other callbacks."""
