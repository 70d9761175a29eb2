"""The one door to the inside of Keras and TensorFlow: what they keep to themselves is touched in this folder alone."""
