"""Ensembles of what a search has trained."""
