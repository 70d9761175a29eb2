"""Optimizers, models and other parts of one's own: their names, and where they are imported from."""
