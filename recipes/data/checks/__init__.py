"""Faults of data that are whole in form: leaks, rare and missing classes, empty texts, splits unlike one another."""
