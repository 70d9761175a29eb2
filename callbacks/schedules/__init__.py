"""Schedules of the learning rate and the momentum: the maths in ``shapes``, what all callbacks share in ``base``."""
