"""Gradient norms and activation scales by layer: measurement, monitoring during training, interpretation."""
