"""The learning-rate range test, and the rules that read a learning rate off its curve."""
