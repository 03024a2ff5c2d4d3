"""Special functions of ops and mint, element by element."""

from __future__ import annotations

import numpy as np
from scipy import special

from ms_dnn.audit.catalogue.draws import fixed, normal, uniform
from ms_dnn.audit.entry import Array, Case, Entry, Formula

ANY = Case("ordinary", normal((3, 4), scale=2.0))
ZEROS = Case("zeros", fixed([0.0, -0.0, 0.0, 0.0]))
LARGE = Case("large", fixed([-6.0, -4.0, 4.0, 6.0]))
POSITIVE = Case("ordinary", uniform(0.3, 6, (3, 4)))
NEAR_ZERO = Case("near 0", fixed([2.0**-8, 2.0**-6, 2.0**-4, 2.0**-2]))
NEGATIVE = Case("negative", fixed([-0.3, -1.6, -2.4, -3.7]))
LARGE_POSITIVE = Case("large", fixed([10.0, 20.0, 50.0, 200.0]))
BESSEL = (ANY, ZEROS, Case("large", fixed([-30.0, -10.0, 10.0, 30.0])))
MODIFIED = (ANY, ZEROS, Case("large", fixed([-10.0, 10.0, 9.0, -9.0])))
SECOND_KIND = (POSITIVE, NEAR_ZERO, Case("large", fixed([8.0, 10.0, 20.0, 30.0])))
GAMMA = (POSITIVE, NEAR_ZERO, NEGATIVE, LARGE_POSITIVE)


def _two_positive(rng: np.random.Generator) -> tuple[Array, ...]:
    return rng.uniform(0.5, 4, (3, 4)), rng.uniform(0.5, 4, (3, 4))


def _log_multivariate_gamma(x: Array) -> Array:
    """Of dimension 2: log Γ₂(x) = ½ log π + log Γ(x) + log Γ(x - ½)."""
    return 0.5 * np.log(np.pi) + special.gammaln(x) + special.gammaln(x - 0.5)


def _named(name: str, formula: Formula, cases: tuple[Case, ...], *, known: str = "") -> Entry:
    """Return the entry of one function of one argument: "ops.erf" is called as ops.erf(x0)."""
    return Entry(name, f"{name}(x0)", formula, cases, known=known)


ERFINV_AT_THE_EDGES = (
    "Too small from |x| = 0.98 on, in float32 and float64: by 0.1 % at 0.996, 2 % at 0.999, 12 % at 0.9999 and 30 % at "
    "1 - 2⁻²⁰, and the gradient, taken from that output, by 0.8 %, 20 %, 82 % and 99.8 %. Between -0.95 and 0.95 it is "
    "right. No operator replaces it there: compute constants with scipy.special.erfinv."
)
LGAMMA_AT_WHOLE_NUMBERS = (
    "The gradient is NaN at whole numbers (2, 5, 8, 10, 20, 200 were tried), where digamma is finite: it looks like "
    "the unused branch of the reflection formula, divided by sin πx = 0 and multiplied by 0. Between whole "
    "numbers it is right. Use ops.lgamma, whose gradient is right there."
)
BESSEL_I1_AT_0 = (
    "The gradient at exactly x = 0 is 1 instead of ½: I₁' = I₀ - I₁/x, and the limit ½ of the quotient is taken as 0. "
    "At ±1e-8 it is right. ops.bessel_i1e does not have the fault. Keep the input away from 0, or use "
    "ops.bessel_i1e(x)·ops.exp(ops.abs(x))."
)


ENTRIES = (
    _named("ops.erf", special.erf, (ANY, ZEROS, LARGE)),
    _named(
        "ops.erfc", special.erfc, (ANY, ZEROS, Case("large", fixed([-6.0, -3.0, 3.0, 6.0]), ("float64", "float32")))
    ),
    _named(
        "ops.erfinv",
        special.erfinv,
        (
            Case("ordinary", uniform(-0.9, 0.9, (3, 4))),
            ZEROS,
            Case("near the edges", fixed([-1 + 2.0**-8, 1 - 2.0**-8])),
            Case("at the edges", fixed([-1 + 2.0**-13, 1 - 2.0**-20]), ("float64", "float32")),
        ),
        known=ERFINV_AT_THE_EDGES,
    ),
    _named("ops.lgamma", special.gammaln, GAMMA),
    _named("ops.digamma", special.digamma, GAMMA),
    Entry("nn.LGamma", "nn.LGamma()", special.gammaln, GAMMA, known=LGAMMA_AT_WHOLE_NUMBERS),
    Entry("nn.DiGamma", "nn.DiGamma()", special.digamma, GAMMA),
    Entry(
        "ops.polygamma",
        "ops.polygamma(x0, x1)",
        lambda n, x: special.polygamma(n, x),
        (Case("ordinary", lambda rng: (np.array(1, np.int32), rng.uniform(0.5, 4, (3, 4)))),),
    ),
    Entry(
        "ops.mvlgamma",
        "ops.mvlgamma(x0, 2)",
        _log_multivariate_gamma,
        (Case("ordinary", uniform(1.0, 6.0, (3, 4))),),
    ),
    Entry("ops.igamma", "ops.igamma(x0, x1)", special.gammainc, (Case("ordinary", _two_positive),)),
    Entry("nn.IGamma", "nn.IGamma()", special.gammainc, (Case("ordinary", _two_positive),)),
    Entry("ops.igammac", "ops.igammac(x0, x1)", special.gammaincc, (Case("ordinary", _two_positive),)),
    Entry(
        "ops.zeta",
        "ops.zeta(x0, x1)",
        special.zeta,
        (Case("ordinary", lambda rng: (rng.uniform(1.5, 4, (3, 4)), rng.uniform(0.5, 4, (3, 4)))),),
        differentiable=(1,),
    ),
    Entry("nn.LBeta", "nn.LBeta()", special.betaln, (Case("ordinary", _two_positive),)),
    _named("ops.bessel_j0", special.j0, BESSEL),
    _named("ops.bessel_j1", special.j1, BESSEL),
    _named("ops.bessel_y0", special.y0, SECOND_KIND),
    _named("ops.bessel_y1", special.y1, SECOND_KIND),
    _named("ops.bessel_i0", special.i0, MODIFIED),
    _named("ops.bessel_i0e", special.i0e, MODIFIED),
    _named("ops.bessel_i1", special.i1, MODIFIED, known=BESSEL_I1_AT_0),
    _named("ops.bessel_i1e", special.i1e, MODIFIED),
    _named("ops.bessel_k0", special.k0, SECOND_KIND),
    _named("ops.bessel_k0e", special.k0e, SECOND_KIND),
    _named("ops.bessel_k1", special.k1, SECOND_KIND),
    _named("ops.bessel_k1e", special.k1e, SECOND_KIND),
)
