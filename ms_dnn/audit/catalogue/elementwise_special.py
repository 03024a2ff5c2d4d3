"""Special functions of ops and mint, element by element."""

from __future__ import annotations

import numpy as np
from scipy import special

from ms_dnn.audit.catalogue.apis import apis
from ms_dnn.audit.catalogue.elementwise import ANY, INSIDE, WIDE, ZEROS
from ms_dnn.audit.catalogue.inputs import fixed, together, uniform
from ms_dnn.audit.entry import Array, Case

LARGE = Case("large", fixed([-6.0, -4.0, 4.0, 6.0]))
POSITIVE = Case("ordinary", uniform(0.3, 6, (3, 4)))
NEAR_ZERO = Case("near 0", fixed([2.0**-8, 2.0**-6, 2.0**-4, 2.0**-2]))
NEGATIVE = Case("negative", fixed([-0.3, -1.6, -2.4, -3.7]))
LARGE_POSITIVE = Case("large", fixed([10.0, 20.0, 50.0, 200.0]))
BESSEL = (ANY, ZEROS, Case("large", fixed([-30.0, -10.0, 10.0, 30.0])))
MODIFIED = (ANY, ZEROS, Case("large", fixed([-10.0, 10.0, 9.0, -9.0])))
SECOND_KIND = (POSITIVE, NEAR_ZERO, Case("large", fixed([8.0, 10.0, 20.0, 30.0])))
GAMMA = (POSITIVE, NEAR_ZERO, NEGATIVE, LARGE_POSITIVE)
TWO_POSITIVE = uniform(0.5, 4, (3, 4), (3, 4))


def _log_multivariate_gamma(x: Array) -> Array:
    """Of dimension 2: log Γ₂(x) = ½ log π + log Γ(x) + log Γ(x - ½)."""
    return 0.5 * np.log(np.pi) + special.gammaln(x) + special.gammaln(x - 0.5)


ENTRIES = (
    *apis(special.erf, (ANY, ZEROS, LARGE), "ops.erf"),
    *apis(special.erfc, (ANY, ZEROS, Case("large", fixed([-6.0, -3.0, 3.0, 6.0]), WIDE)), "ops.erfc"),
    *apis(
        special.erfinv,
        (
            INSIDE,
            ZEROS,
            Case("near the edges", fixed([-1 + 2.0**-8, 1 - 2.0**-8])),
            Case("at the edges", fixed([-1 + 2.0**-13, 1 - 2.0**-20]), WIDE),
        ),
        "ops.erfinv",
    ),
    *apis(special.gammaln, GAMMA, "ops.lgamma", "nn.LGamma()"),
    *apis(special.digamma, GAMMA, "ops.digamma", "nn.DiGamma()"),
    *apis(special.polygamma, together(fixed(np.array(1, np.int32)), uniform(0.5, 4, (3, 4))), "ops.polygamma"),
    *apis(_log_multivariate_gamma, uniform(1.0, 6.0, (3, 4)), "ops.mvlgamma(x0, 2)"),
    *apis(special.gammainc, TWO_POSITIVE, "ops.igamma", "nn.IGamma()"),
    *apis(special.gammaincc, TWO_POSITIVE, "ops.igammac"),
    *apis(special.zeta, together(uniform(1.5, 4, (3, 4)), uniform(0.5, 4, (3, 4))), "ops.zeta", differentiable=(1,)),
    *apis(special.betaln, TWO_POSITIVE, "nn.LBeta()"),
    *apis(special.j0, BESSEL, "ops.bessel_j0"),
    *apis(special.j1, BESSEL, "ops.bessel_j1"),
    *apis(special.y0, SECOND_KIND, "ops.bessel_y0"),
    *apis(special.y1, SECOND_KIND, "ops.bessel_y1"),
    *apis(special.i0, MODIFIED, "ops.bessel_i0"),
    *apis(special.i0e, MODIFIED, "ops.bessel_i0e"),
    *apis(special.i1, MODIFIED, "ops.bessel_i1"),
    *apis(special.i1e, MODIFIED, "ops.bessel_i1e"),
    *apis(special.k0, SECOND_KIND, "ops.bessel_k0"),
    *apis(special.k0e, SECOND_KIND, "ops.bessel_k0e"),
    *apis(special.k1, SECOND_KIND, "ops.bessel_k1"),
    *apis(special.k1e, SECOND_KIND, "ops.bessel_k1e"),
)
