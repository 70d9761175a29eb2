"""Learning-rate and momentum schedules: the formulas in ``shapes``, the common callback in ``base``."""
