// Activations and losses, each beside its derivative: what ms_dnn/maths/ says in MindSpore's operations, in C++.
//
// An activation has `value(z)`, a = σ(z), and `vjp(z, a, da)`, dz = da σ′(z), of one number; softmax has them of a row.
// A loss has `of_row(a, y, da, C)`: it returns ℓ(a, y) of one sample and writes ∂ℓ/∂a, without 1/N.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

namespace ms_dnn {

constexpr double leaky_slope = 0.01;
constexpr double sqrt_half = 0.70710678118654752440;
constexpr double inverse_sqrt_two_pi = 0.39894228040143267794;

template <class T> T sigmoid(T z) { return T(1) / (T(1) + std::exp(-z)); }
// ln(1 + eᶻ) = z/2 + |z|/2 + ln(1 + e^−|z|), so that nothing overflows.
template <class T> T softplus(T z) { return (z + std::abs(z)) / 2 + std::log1p(std::exp(-std::abs(z))); }
template <class T> T normal_cdf(T z) { return (T(1) + std::erf(z * T(sqrt_half))) / 2; }

// `keeps_z` tells whether the derivative needs z; where it does not, z is not kept.
template <class T> struct Identity {
  static constexpr bool keeps_z = false;
  static T value(T z) { return z; }
  static T vjp(T, T, T da) { return da; }
};

template <class T> struct Sigmoid {
  static constexpr bool keeps_z = false;
  static T value(T z) { return sigmoid(z); }
  static T vjp(T, T a, T da) { return da * (a * (T(1) - a)); }
};

template <class T> struct Tanh {
  static constexpr bool keeps_z = false;
  static T value(T z) { return std::tanh(z); }
  static T vjp(T, T a, T da) { return da * (T(1) - a * a); }
};

template <class T> struct Relu {  // at the kink z = 0 the derivative is taken as 0
  static constexpr bool keeps_z = false;
  static T value(T z) { return z < T(0) ? T(0) : z; }  // so written that NaN stays NaN
  static T vjp(T, T a, T da) { return a > T(0) ? da : T(0); }
};

template <class T> struct LeakyRelu {  // at the kink z = 0 the derivative is taken as 0.01
  static constexpr bool keeps_z = false;
  static T value(T z) { return z > T(0) ? z : T(leaky_slope) * z; }
  static T vjp(T, T a, T da) { return a > T(0) ? da : T(leaky_slope) * da; }
};

template <class T> struct Elu {
  static constexpr bool keeps_z = false;
  static T value(T z) { return z > T(0) ? z : std::expm1(z); }
  static T vjp(T, T a, T da) { return a > T(0) ? da : da * (a + T(1)); }
};

template <class T> struct Softplus {
  static constexpr bool keeps_z = true;
  static T value(T z) { return softplus(z); }
  static T vjp(T z, T, T da) { return da * sigmoid(z); }
};

template <class T> struct Silu {
  static constexpr bool keeps_z = true;
  static T value(T z) { return z * sigmoid(z); }
  static T vjp(T z, T, T da) {
    const T s = sigmoid(z);
    return da * (s * (T(1) + z * (T(1) - s)));
  }
};

template <class T> struct Gelu {
  static constexpr bool keeps_z = true;
  static T value(T z) { return z * normal_cdf(z); }
  static T vjp(T z, T, T da) {
    return da * (normal_cdf(z) + z * std::exp(T(-0.5) * z * z) * T(inverse_sqrt_two_pi));
  }
};

// Writes e^{z_j − max z} to `powers`, which may be z itself, and returns their sum.
template <class T> T exponentials(const T* z, T* powers, int64_t n, T& largest) {
  largest = z[0];
  for (int64_t j = 1; j < n; ++j) largest = z[j] > largest ? z[j] : largest;
  T sum = 0;
  for (int64_t j = 0; j < n; ++j) sum += powers[j] = std::exp(z[j] - largest);
  return sum;
}

template <class T> struct Softmax {  // of a row
  static void value(const T* z, T* a, int64_t n) {
    T largest;
    const T sum = exponentials(z, a, n, largest);
    for (int64_t j = 0; j < n; ++j) a[j] /= sum;
  }
  // (diag(a) − a aᵀ) da; `d` is da before and dz after.
  static void vjp(const T* a, T* d, int64_t n) {
    T dot = 0;
    for (int64_t j = 0; j < n; ++j) dot += d[j] * a[j];
    for (int64_t j = 0; j < n; ++j) d[j] = a[j] * (d[j] - dot);
  }
};

template <class T> struct SquaredError {  // ½ ‖a − y‖²
  static T of_row(const T* a, const T* y, T* da, int64_t n) {
    T sum = 0;
    for (int64_t j = 0; j < n; ++j) {
      da[j] = a[j] - y[j];
      sum += da[j] * da[j];
    }
    return sum / 2;
  }
};

template <class T> struct BinaryCrossEntropy {  // flat outside [tiny, 1 − ε/2]
  static T of_row(const T* a, const T* y, T* da, int64_t n) {
    const T low = std::numeric_limits<T>::min(), high = T(1) - std::numeric_limits<T>::epsilon() / 2;
    T sum = 0;
    for (int64_t j = 0; j < n; ++j) {
      const T p = a[j] < low ? low : a[j] > high ? high : a[j];
      sum -= y[j] * std::log(p) + (T(1) - y[j]) * std::log(T(1) - p);
      da[j] = p == a[j] ? (T(1) - y[j]) / (T(1) - p) - y[j] / p : T(0);
    }
    return sum;
  }
};

template <class T> struct BinaryCrossEntropyWithLogits {
  static T of_row(const T* z, const T* y, T* dz, int64_t n) {
    T sum = 0;
    for (int64_t j = 0; j < n; ++j) {
      sum += softplus(z[j]) - y[j] * z[j];
      dz[j] = sigmoid(z[j]) - y[j];
    }
    return sum;
  }
};

template <class T> struct SoftmaxCrossEntropy {  // labels of a row sum to 1
  static T of_row(const T* z, const T* y, T* dz, int64_t n) {
    T largest, loss = 0;
    const T sum = exponentials(z, dz, n, largest), log_sum = std::log(sum);
    for (int64_t j = 0; j < n; ++j) {
      loss += y[j] * (log_sum - (z[j] - largest));
      dz[j] = dz[j] / sum - y[j];
    }
    return loss;
  }
};

template <class T> struct Hinge {  // at the kink y z = 1 the derivative is taken as 0
  static T of_row(const T* z, const T* y, T* dz, int64_t n) {
    T sum = 0;
    for (int64_t j = 0; j < n; ++j) {
      const T margin = T(1) - y[j] * z[j];
      sum += margin < T(0) ? T(0) : margin;
      dz[j] = margin > T(0) ? -y[j] : T(0);
    }
    return sum;
  }
};

template <class T> struct Perceptron {  // at the kink z = 0 the derivative is taken as 0
  static T of_row(const T* z, const T* y, T* dz, int64_t n) {
    T sum = 0;
    for (int64_t j = 0; j < n; ++j) {
      const T wrong = -y[j] * z[j];
      sum += wrong < T(0) ? T(0) : wrong;
      dz[j] = wrong > T(0) ? -y[j] : T(0);
    }
    return sum;
  }
};

}  // namespace ms_dnn
