"""QuickTuner: KerasTuner's searches over anybody's HyperModel, with shared steps and whole epochs in one call."""
