"""Which examples go to training, validation and test."""
