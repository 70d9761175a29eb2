"""What strings say: words, numbers, dates; each by one rule for NumPy and for models."""
