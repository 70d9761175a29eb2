"""TensorFlow Datasets: builders, their features, and reading their splits."""
