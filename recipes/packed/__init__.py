"""Several trainings of one form in one compiled step."""
