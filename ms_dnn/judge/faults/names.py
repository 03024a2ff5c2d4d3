"""The vocabulary of faults, and which names say less about the same array."""

from __future__ import annotations

from collections.abc import Mapping

# Of any array
WRONG_SHAPE = "wrong shape"
NOT_FINITE = "not finite"
ALL_ZERO = "all zero"
SIGN_FLIPPED = "sign flipped"
CONSTANT_FACTOR = "constant factor"
TRANSPOSED = "transposed"
ELEMENTS_PERMUTED = "elements permuted"
ABSOLUTE_VALUE = "absolute value taken"
CLIPPED = "clipped"
LOWER_PRECISION = "lower precision"
OFFSET_ADDED = "offset added"
PENALTY_ADDED = "penalty added"
ONE_ELEMENT_WRONG = "one element wrong"
ONE_ROW_WRONG = "one row wrong"
ONE_COLUMN_WRONG = "one column wrong"

# Of dout, the gradient from above, in the bprop of a Cell
DOUT_IGNORED = "dout ignored"
DOUT_PASSED_ON = "dout passed on"
OTHER_INPUT = "gradient of another input"
PYTHON_NUMBER = "Python number rounded to float32"
PASSED_ON_WHERE_ZERO = "passed on where the derivative is 0"
PATH_FORGOTTEN = "path forgotten"
TAKEN_FOR_CONSTANT = "taken for a constant"
LOCAL_DERIVATIVE = "local derivative wrong"
WRONG_PLACES = "right values in the wrong places"
SIGN_ON_PATHS = "sign wrong on some paths"
FACTOR_OF_OUTPUT = "factor of each output"

# Of the batch
ONE_OVER_N_MISSING = "1/N missing"
ONE_OVER_N_TWICE = "1/N twice"
MEAN_INSTEAD_OF_SUM = "mean instead of sum over the batch"
SAMPLE_DROPPED = "sample dropped"
SAMPLE_TWICE = "sample counted twice"
ONE_SAMPLE_ONLY = "one sample only"
SAMPLES_MISMATCHED = "samples mismatched"
WRONG_AXIS = "summed over the wrong axis"

# Of the activation
DERIVATIVE_MISSING = "derivative of the activation missing"
DERIVATIVE_AT_A = "derivative at a instead of z"
Z_IN_FORMULA_OF_A = "z used instead of a in the derivative"
ANOTHER_ACTIVATION = "derivative of another activation"
VALUE_INSTEAD_OF_DERIVATIVE = "activation's value instead of its derivative"
DERIVATIVE_TWICE = "derivative of the activation twice"
DIAGONAL_ONLY = "softmax Jacobian's diagonal only"
COTANGENT_MISSING = "da missing"
DROPPED_UNIT = "dropped unit"

# Of the affine map
DA_INSTEAD_OF_DZ = "da used instead of dz"
OUTPUT_INSTEAD_OF_INPUT = "output used instead of input"
WEIGHTED_SUM_INSTEAD_OF_INPUT = "weighted sum used instead of input"
TRANSPOSED_WEIGHT = "transposed weight in dx"
STALE_WEIGHTS = "stale weights"

# Of the penalty
L1_MISSING = "L1 penalty missing"
L2_MISSING = "L2 penalty missing"
L2_DOUBLED = "L2 penalty's 2 not cancelled"
L1_UNSIGNED = "L1 penalty without the sign"
BIASES_PENALISED = "penalty on the biases"
BIASES_NOT_PENALISED = "no penalty on the biases"

# Of the cost
TARGET_NOT_SUBTRACTED = "target not subtracted"
SOFTMAX_MISSING = "softmax missing"
HALF_MISSING = "½ of the square missing"
ANOTHER_LOSS = "of another loss"
TARGET_IS_ONE_ONLY = "values where the target is 1 only"
SWAPPED = "prediction and target swapped"

BROADER: Mapping[str, tuple[str, ...]] = {
    ONE_OVER_N_MISSING: (CONSTANT_FACTOR,),
    ONE_OVER_N_TWICE: (MEAN_INSTEAD_OF_SUM, CONSTANT_FACTOR),
    MEAN_INSTEAD_OF_SUM: (ONE_OVER_N_TWICE, CONSTANT_FACTOR),
    HALF_MISSING: (CONSTANT_FACTOR,),
    SIGN_FLIPPED: (CONSTANT_FACTOR, SWAPPED),
    ALL_ZERO: (CONSTANT_FACTOR,),
    SAMPLE_DROPPED: (ONE_ROW_WRONG, ONE_ELEMENT_WRONG),
    SAMPLE_TWICE: (ONE_ROW_WRONG, ONE_ELEMENT_WRONG),
    DROPPED_UNIT: (ONE_COLUMN_WRONG,),
    TRANSPOSED: (ELEMENTS_PERMUTED,),
    SOFTMAX_MISSING: (ANOTHER_LOSS,),
    DA_INSTEAD_OF_DZ: (DERIVATIVE_MISSING,),
    DERIVATIVE_MISSING: (ANOTHER_ACTIVATION,),
    VALUE_INSTEAD_OF_DERIVATIVE: (ANOTHER_ACTIVATION,),
}
"""Names that are true of the same array as well. 1/N twice and the mean over the batch are one fault with two names:
the second is given for dW and db, which sum over the batch, the first elsewhere."""
