"""The audit of a framework: the gradient of each of its operations, judged against differences of the forward pass."""
