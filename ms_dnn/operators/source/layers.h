// The layers: each one's forward pass, its backward pass, and the gradients of its parameters.
//
// The samples of a mini-batch are cut into panels of rows, the units of a layer into panels of units, by sizes alone.
// Threads take whole panels, so that the numbers do not depend on how many threads there are.
#pragma once

#include <algorithm>
#include <vector>

#include "functions.h"
#include "products.h"

namespace ms_dnn {

enum class Kind : int64_t { dense, dropout, layer_norm, batch_norm };
enum class Activation : int64_t { identity, sigmoid, tanh, relu, leaky_relu, elu, softplus, silu, gelu, softmax };

// Calls `use` with the structure of functions.h that an activation of single numbers has.
template <class T, class Use> void with_activation(Activation activation, Use use) {
  switch (activation) {
    case Activation::identity: return use(Identity<T>());
    case Activation::sigmoid: return use(Sigmoid<T>());
    case Activation::tanh: return use(Tanh<T>());
    case Activation::relu: return use(Relu<T>());
    case Activation::leaky_relu: return use(LeakyRelu<T>());
    case Activation::elu: return use(Elu<T>());
    case Activation::softplus: return use(Softplus<T>());
    case Activation::silu: return use(Silu<T>());
    case Activation::gelu: return use(Gelu<T>());
    case Activation::softmax: return;
  }
}

struct Range {
  int64_t first, last;
  int64_t size() const { return last - first; }
};

// One of `panels` equal parts of n.
inline Range part(int64_t n, int64_t panel, int64_t panels) { return {n * panel / panels, n * (panel + 1) / panels}; }

template <class T> void add(T* to, const T* what, int64_t n) {
  for (int64_t j = 0; j < n; ++j) to[j] += what[j];
}

// The mixing of counters and the numbers made of them are those of ms_dnn/maths/dropout.py.
inline uint32_t mixed(uint32_t x) {
  x = (x ^ (x >> 16)) * 0x7FEB352Du;
  x = (x ^ (x >> 15)) * 0x846CA68Bu;
  return x ^ (x >> 16);
}

// A weight, bias, γ or β, which has `of_unit` numbers for each unit of its layer.
template <class T> struct Parameter {
  int64_t of_unit;
  bool matrix;
  T *value, *gradient, *slots[2];
};

template <class T> struct Layer {
  Kind kind;
  int64_t inputs, units;
  Activation activation;
  bool keeps_z;
  std::vector<Parameter<T>> parameters;  // weight and bias; of a normalisation γ and β
  uint32_t key, step;                    // dropout
  int32_t threshold;
  T scale;
  T epsilon, momentum;  // normalisation
  T *mean, *variance;   // batch normalisation: the moving averages
  // Of the mini-batch, (N, units): z, a, and ∂J/∂a, which becomes δ = ∂J/∂z in its place; the factors of dropout, or x̂.
  std::vector<T> z, a, d, factors;
  std::vector<T> inverse;         // 1 / √(σ² + ε) of each sample or unit
  std::vector<double> mean_d, mean_dx;  // batch normalisation: means over the samples of δ and δ x̂, (units,)

  void allocate(int64_t batch) {
    const size_t size = size_t(batch * units);
    a.resize(size);
    d.resize(size);
    with_activation<T>(activation, [&](auto sigma) { keeps_z = sigma.keeps_z; });
    if (keeps_z) z.resize(size);
    if (kind != Kind::dense) factors.resize(size);
    if (kind == Kind::layer_norm) inverse.resize(size_t(batch));
    if (kind == Kind::batch_norm) {
      inverse.resize(size_t(units));
      mean_d.resize(size_t(units));
      mean_dx.resize(size_t(units));
    }
  }

  // ---- forward: a of some rows, x (N, inputs)

  void forward(const T* x, Range rows, int64_t batch, int64_t step_of_call, std::vector<T>& room) {
    switch (kind) {
      case Kind::dense: return dense(x, rows, room);
      case Kind::dropout: return drop(x, rows, batch, step_of_call);
      case Kind::layer_norm:
        for (int64_t n = rows.first; n < rows.last; ++n) normalize_row(x + n * units, n);
        return scale_and_shift(rows);
      case Kind::batch_norm:
        for (int64_t n = rows.first; n < rows.last; ++n)
          for (int64_t j = 0; j < units; ++j) factors[n * units + j] = (x[n * units + j] - T(mean_d[j])) * inverse[j];
        return scale_and_shift(rows);
    }
  }

  T* weighted_sum() { return keeps_z ? z.data() : a.data(); }

  void dense(const T* x, Range rows, std::vector<T>& room) {
    T* sum = weighted_sum() + rows.first * units;
    times_transposed(x + rows.first * inputs, parameters[0].value, sum, rows.size(), units, inputs, room);
    if (parameters.size() > 1)
      for (int64_t n = 0; n < rows.size(); ++n) add(sum + n * units, parameters[1].value, units);
    activate(rows);
  }

  void activate(Range rows) {
    const T* sum = weighted_sum();
    if (activation == Activation::softmax)
      for (int64_t n = rows.first; n < rows.last; ++n) Softmax<T>::value(sum + n * units, &a[n * units], units);
    with_activation<T>(activation, [&](auto sigma) {
      T* out = a.data();
      for (int64_t k = rows.first * units; k < rows.last * units; ++k) out[k] = sigma.value(sum[k]);
    });
  }

  void drop(const T* x, Range rows, int64_t batch, int64_t step_of_call) {
    const uint32_t seed = (step + uint32_t(step_of_call)) * 0x9E3779B9u + key;
    const auto counter = [&](int64_t place) { return mixed(uint32_t(place) + seed); };
    std::vector<uint32_t> w(units), t(units);
    for (int64_t j = 0; j < units; ++j) w[j] = counter(2 * batch + j), t[j] = counter(2 * batch + units + j);
    for (int64_t n = rows.first; n < rows.last; ++n) {
      const uint32_t u = counter(n), v = counter(batch + n);
      for (int64_t j = 0; j < units; ++j) {
        const uint32_t h = u * w[j] + v;
        const T factor = int32_t(h * h + t[j]) >= threshold ? scale : T(0);
        factors[n * units + j] = factor;
        a[n * units + j] = x[n * units + j] * factor;
      }
    }
  }

  void normalize_row(const T* x, int64_t n) {
    double sum = 0, squares = 0;
    for (int64_t j = 0; j < units; ++j) sum += x[j];
    const T mean_of_row = T(sum / units);
    for (int64_t j = 0; j < units; ++j) squares += double(x[j] - mean_of_row) * (x[j] - mean_of_row);
    inverse[n] = T(1) / std::sqrt(T(squares / units) + epsilon);
    for (int64_t j = 0; j < units; ++j) factors[n * units + j] = (x[j] - mean_of_row) * inverse[n];
  }

  void scale_and_shift(Range rows) {
    const T *gamma = parameters[0].value, *beta = parameters[1].value;
    T* sum = weighted_sum();
    for (int64_t n = rows.first; n < rows.last; ++n)
      for (int64_t j = 0; j < units; ++j) sum[n * units + j] = factors[n * units + j] * gamma[j] + beta[j];
    activate(rows);
  }

  // Batch normalisation, before the rows: mean and 1/√(σ² + ε) of some units, and the moving averages.
  void batch_statistics(const T* x, Range of_units, int64_t batch) {
    std::vector<double> squares(size_t(of_units.size()));
    std::fill(mean_d.begin() + of_units.first, mean_d.begin() + of_units.last, 0.0);
    for (int64_t n = 0; n < batch; ++n)
      for (int64_t j = of_units.first; j < of_units.last; ++j) mean_d[j] += x[n * units + j];
    for (int64_t j = of_units.first; j < of_units.last; ++j) mean_d[j] = T(mean_d[j] / batch);
    for (int64_t n = 0; n < batch; ++n)
      for (int64_t j = of_units.first; j < of_units.last; ++j) {
        const double centred = x[n * units + j] - T(mean_d[j]);
        squares[j - of_units.first] += centred * centred;
      }
    for (int64_t j = of_units.first; j < of_units.last; ++j) {
      const double variance_of_batch = squares[j - of_units.first] / batch;
      inverse[j] = T(1) / std::sqrt(T(variance_of_batch) + epsilon);
      mean[j] += momentum * (T(mean_d[j]) - mean[j]);
      const double unbiased = variance_of_batch * batch / std::max(batch - 1, int64_t{1});
      variance[j] += momentum * (T(unbiased) - variance[j]);
    }
  }

  // ---- backward: δ of some rows from ∂J/∂a

  void delta(Range rows) {
    T* g = d.data();
    if (kind == Kind::dropout) {
      for (int64_t k = rows.first * units; k < rows.last * units; ++k) g[k] *= factors[k];
      return;
    }
    if (activation == Activation::softmax)
      for (int64_t n = rows.first; n < rows.last; ++n) Softmax<T>::vjp(&a[n * units], g + n * units, units);
    with_activation<T>(activation, [&](auto sigma) {
      const T *before = z.data(), *after = a.data();
      for (int64_t k = rows.first * units; k < rows.last * units; ++k)
        g[k] = sigma.vjp(sigma.keeps_z ? before[k] : T(0), after[k], g[k]);
    });
  }

  // Batch normalisation, between δ and dx: means over the samples of some units.
  void batch_means(Range of_units, int64_t batch) {
    for (int64_t j = of_units.first; j < of_units.last; ++j) mean_d[j] = mean_dx[j] = 0;
    for (int64_t n = 0; n < batch; ++n)
      for (int64_t j = of_units.first; j < of_units.last; ++j) {
        mean_d[j] += d[n * units + j];
        mean_dx[j] += double(d[n * units + j]) * factors[n * units + j];
      }
    for (int64_t j = of_units.first; j < of_units.last; ++j) mean_d[j] /= batch, mean_dx[j] /= batch;
  }

  // Writes dx (N, inputs) of some rows, which is ∂J/∂a of the layer below.
  void input_gradient(T* dx, Range rows) const {
    const int64_t begin = rows.first * units, end = rows.last * units;
    switch (kind) {
      case Kind::dense:
        return times(&d[begin], parameters[0].value, dx + rows.first * inputs, rows.size(), inputs, units);
      case Kind::dropout: std::copy(&d[begin], &d[0] + end, dx + begin); return;
      case Kind::layer_norm:
        for (int64_t n = rows.first; n < rows.last; ++n) row_gradient(parameters[0].value, dx + n * units, n);
        return;
      case Kind::batch_norm: {
        const T* gamma = parameters[0].value;
        for (int64_t n = rows.first; n < rows.last; ++n)
          for (int64_t j = 0; j < units; ++j) {
            const int64_t k = n * units + j;
            dx[k] = (d[k] - T(mean_d[j]) - factors[k] * T(mean_dx[j])) * (gamma[j] * inverse[j]);
          }
      }
    }
  }

  void row_gradient(const T* gamma, T* dx, int64_t n) const {
    const T *dz = &d[n * units], *x_hat = &factors[n * units];
    double of_all = 0, along = 0;
    for (int64_t j = 0; j < units; ++j) {
      dx[j] = gamma[j] * dz[j];
      of_all += dx[j];
      along += double(dx[j]) * x_hat[j];
    }
    const T mean_of_row = T(of_all / units), along_x_hat = T(along / units);
    for (int64_t j = 0; j < units; ++j) dx[j] = (dx[j] - mean_of_row - x_hat[j] * along_x_hat) * inverse[n];
  }

  // The gradients of some units' parameters, x (N, inputs).
  void gradients(const T* x, Range of_units, int64_t batch) const {
    if (parameters.empty() || of_units.size() == 0) return;
    T* first = parameters[0].gradient + of_units.first * parameters[0].of_unit;
    if (kind == Kind::dense) {
      transposed_times(&d[of_units.first], units, x, first, of_units.size(), inputs, batch);
    } else {
      std::fill(first, first + of_units.size(), T(0));
      for (int64_t n = 0; n < batch; ++n)
        for (int64_t j = of_units.first; j < of_units.last; ++j)
          first[j - of_units.first] += d[n * units + j] * factors[n * units + j];
    }
    if (parameters.size() == 1) return;
    T* second = parameters[1].gradient + of_units.first;
    std::fill(second, second + of_units.size(), T(0));
    for (int64_t n = 0; n < batch; ++n) add(second, &d[n * units + of_units.first], of_units.size());
  }
};

}  // namespace ms_dnn
