"""Gradient norms and activation scales by layer: measured, watched while a model trains, and put into words."""
