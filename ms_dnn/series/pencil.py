"""A network that is small enough for a pencil: two inputs, two hidden units, one output, and one sample.

Every number has one decimal. One step of gradient descent with :data:`RATE` changes the output from 0.416 to 0.943.
Samples and their targets are rows, weights are (O, I), as everywhere in the package.
"""

X = ((1.0, 3.0),)
Y = ((1.0,),)
WEIGHTS = (((0.2, -0.3), (0.4, 0.3)), ((3.0, -1.0),))
BIASES = ((0.1, 0.1), (-0.6,))
ACTIVATIONS = ("sigmoid", "sigmoid")
LOSS = "binary_cross_entropy"
RATE = 1.0
