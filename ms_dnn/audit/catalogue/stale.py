"""Why gradients depend on what the process did before: explanations that entries of several files share."""

SOFTMAX = (
    "In PyNative, once a gradient was taken where the softmax runs over a single element, every later gradient in the "
    "process is a (da − a da) instead of a (da − Σ a da): the sum, which one element does not need, never comes back. "
    "Compiled it is right. Compile, or take one gradient over two elements first: the first one decides."
)
MEAN_OF_LOGITS = (
    'In PyNative, the gradient of reduction="mean" divides by the number of elements of the first call in the '
    "process, whatever the later ones have: after a batch of 64, the gradient of a last batch of 17 is 17/64 of what "
    'it should be. Compiled it is right. Compile, keep one batch size, or use reduction="none" and take the mean.'
)
NEGATIVE_PAD = (
    "In PyNative, a repeated call at one shape returns wrong values, even of the same input: zeros spread over the "
    "row. The first call is right, and so are all when compiled. Slice instead of a negative pad: x[..., 1:]."
)
