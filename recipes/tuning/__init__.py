"""Fair comparisons of optimizers and regularizers, over KerasTuner."""
