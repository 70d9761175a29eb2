"""Targets of any form as numbers, and the task that they tell."""
