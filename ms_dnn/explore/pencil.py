"""The network that is small enough for a pencil, which is explored where nothing is named."""

X = ((1.0, 3.0),)
Y = ((1.0,),)
WEIGHTS = (((0.2, -0.3), (0.4, 0.3)), ((3.0, -1.0),))
BIASES = ((0.1, 0.1), (-0.6,))
ACTIVATIONS = ("sigmoid", "sigmoid")
LOSS = "binary_cross_entropy"
RATE = 1.0
