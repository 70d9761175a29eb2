"""Trainings of models as they were compiled: their own optimizer, loss, metrics and training step."""
