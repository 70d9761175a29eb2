"""A doctor for trainings: what is wrong with a model and its data, before a long training."""

from __future__ import annotations

from .diagnose import Diagnosis, diagnose
from .symptom import Symptom

__all__ = ["Diagnosis", "Symptom", "diagnose"]
