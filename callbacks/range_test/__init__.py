"""The learning-rate range test, and the rules that read a rate off its curve."""
