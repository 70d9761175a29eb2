"""Trainings on arrays in memory without tf.data pipelines: compiled functions that run many batches per call."""
