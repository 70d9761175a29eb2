"""The statistics of comparisons: the noise of test examples, simultaneous intervals, and the verdict in a word."""
