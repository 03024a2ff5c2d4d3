// Training steps of a network: forward, backward, penalty, clipping, update; by one thread or several.
#pragma once

#include <condition_variable>
#include <cstring>
#include <mutex>

#include "layers.h"

namespace ms_dnn {

enum class Loss : int64_t {
  squared_error, binary_cross_entropy, binary_cross_entropy_with_logits, softmax_cross_entropy, hinge, perceptron
};
enum class Rule : int64_t { none, gradient_descent, momentum, nesterov, adam };

template <class T> T loss_of_row(Loss loss, const T* a, const T* y, T* da, int64_t n) {
  switch (loss) {
    case Loss::squared_error: return SquaredError<T>::of_row(a, y, da, n);
    case Loss::binary_cross_entropy: return BinaryCrossEntropy<T>::of_row(a, y, da, n);
    case Loss::binary_cross_entropy_with_logits: return BinaryCrossEntropyWithLogits<T>::of_row(a, y, da, n);
    case Loss::softmax_cross_entropy: return SoftmaxCrossEntropy<T>::of_row(a, y, da, n);
    case Loss::hinge: return Hinge<T>::of_row(a, y, da, n);
    case Loss::perceptron: return Perceptron<T>::of_row(a, y, da, n);
  }
  return T(0);
}

class Barrier {  // waits asleep: a thread that spins takes a core from the one that it waits for
 public:
  explicit Barrier(int64_t threads) : threads_(threads) {}
  void wait() {
    if (threads_ == 1) return;
    std::unique_lock<std::mutex> lock(mutex_);
    const int64_t turn = turn_;
    if (++arrived_ == threads_) {
      arrived_ = 0;
      ++turn_;
      all_.notify_all();
    } else {
      all_.wait(lock, [&] { return turn_ != turn; });
    }
  }

 private:
  const int64_t threads_;
  int64_t arrived_ = 0, turn_ = 0;
  std::mutex mutex_;
  std::condition_variable all_;
};

template <class T> struct Training {
  std::vector<Layer<T>> layers;
  Loss loss;
  Rule rule;
  bool mean, weighted, penalise_vectors, watch;
  int64_t samples, inputs, outputs, batch, steps, panels, threads;
  double clip_norm, l1, l2, beta1, beta2, tolerance;
  const T *X, *Y;
  const int32_t* batches;      // (steps, N)
  const double* coefficients;  // (2, steps): the rate, and Adam's ε
  std::vector<T> x;  // (N, inputs)
  // What each sample costs, and what each panel adds to the penalty, to ‖g‖² and to the largest change.
  std::vector<double> costs, penalties, squares, changes;
  double total, change;
  double* costs_of_steps;  // (steps,)

  void allocate() {
    x.resize(size_t(batch * inputs));
    costs.resize(size_t(batch));
    for (auto* of_panels : {&penalties, &squares, &changes}) of_panels->resize(size_t(panels));
    for (Layer<T>& layer : layers) layer.allocate(batch);
  }

  // Does the steps as thread t; returns the one that comes next.
  int64_t run(int64_t t, Range steps_of_call, Barrier& barrier) {
    std::vector<T> room;
    const auto share = [&](auto use) {
      for (int64_t panel = t; panel < panels; panel += threads) use(panel);
    };
    double moved = tolerance;
    int64_t step = steps_of_call.first;
    for (; step < steps_of_call.last && !(watch && moved < tolerance); ++step) {
      share([&](int64_t panel) { gather(step, rows(panel)); });
      for (size_t l = 0; l < layers.size(); ++l) {
        if (layers[l].kind == Kind::batch_norm) {
          barrier.wait();
          share([&](int64_t panel) { layers[l].batch_statistics(input_of(l), units(layers[l], panel), batch); });
          barrier.wait();
        }
        share([&](int64_t panel) { layers[l].forward(input_of(l), rows(panel), batch, step - steps_of_call.first, room); });
      }
      share([&](int64_t panel) { compare(step, rows(panel)); });
      for (size_t l = layers.size(); l-- > 0;) {
        share([&](int64_t panel) { layers[l].delta(rows(panel)); });
        if (layers[l].kind == Kind::batch_norm) {
          barrier.wait();
          share([&](int64_t panel) { layers[l].batch_means(units(layers[l], panel), batch); });
          barrier.wait();
        }
        if (l > 0)
          share([&](int64_t panel) { layers[l].input_gradient(layers[l - 1].d.data(), rows(panel)); });
      }
      barrier.wait();
      share([&](int64_t panel) { differentiate(panel); });
      T factor = T(1);
      if (std::isfinite(clip_norm)) {
        share([&](int64_t panel) { square(panel); });
        barrier.wait();
        factor = clip_factor();
      }
      share([&](int64_t panel) { update(panel, step, factor); });
      barrier.wait();
      if (t == 0) total += costs_of_steps[step] = cost();
      if (watch) moved = *std::max_element(changes.begin(), changes.end());
      barrier.wait();  // all have read the sums, which the next step writes anew
    }
    if (t == 0) change = moved;
    return step;
  }

 private:
  Range rows(int64_t panel) const { return part(batch, panel, panels); }
  Range units(const Layer<T>& layer, int64_t panel) const { return part(layer.units, panel, panels); }
  const T* input_of(size_t l) const { return l == 0 ? x.data() : layers[l - 1].a.data(); }

  void gather(int64_t step, Range rows) {
    const int32_t* picked = batches + step * batch;
    for (int64_t n = rows.first; n < rows.last; ++n)
      std::memcpy(&x[n * inputs], X + picked[n] * inputs, sizeof(T) * inputs);
  }

  // The losses w ℓ(a, y) of some rows, and ∂J/∂a.
  void compare(int64_t step, Range rows) {
    const int32_t* picked = batches + step * batch;
    Layer<T>& top = layers.back();
    for (int64_t n = rows.first; n < rows.last; ++n) {
      const T* y = Y + picked[n] * (outputs + weighted);
      T* da = &top.d[n * outputs];
      const T weight = weighted ? y[outputs] : T(1), factor = mean ? weight / T(batch) : weight;
      costs[n] = double(weight) * loss_of_row(loss, &top.a[n * outputs], y, da, outputs);
      for (int64_t j = 0; j < outputs; ++j) da[j] *= factor;
    }
  }

  double cost() const {
    double sum = 0, penalty = 0;
    for (const double of_sample : costs) sum += of_sample;
    for (const double of_panel : penalties) penalty += of_panel;
    return (mean ? sum / double(batch) : sum) + penalty;
  }

  // Calls `use(parameter, begin, end)` for what belongs to a panel of each parameter.
  template <class Use> void for_parameters(int64_t panel, Use use) const {
    for (const Layer<T>& layer : layers)
      for (const Parameter<T>& parameter : layer.parameters) {
        const Range own = units(layer, panel);
        use(parameter, own.first * parameter.of_unit, own.last * parameter.of_unit);
      }
  }

  void differentiate(int64_t panel) {
    for (size_t l = 0; l < layers.size(); ++l) layers[l].gradients(input_of(l), units(layers[l], panel), batch);
    double absolute = 0, squared = 0;
    for_parameters(panel, [&](const Parameter<T>& parameter, int64_t begin, int64_t end) {
      if (!parameter.matrix && !penalise_vectors) return;
      const T *w = parameter.value, of_l1 = T(l1), of_l2 = T(l2);
      T* g = parameter.gradient;
      if (l1 > 0)
        for (int64_t k = begin; k < end; ++k) {
          absolute += std::abs(w[k]);
          g[k] += w[k] > T(0) ? of_l1 : w[k] < T(0) ? -of_l1 : T(0);
        }
      if (l2 > 0)
        for (int64_t k = begin; k < end; ++k) {
          squared += double(w[k]) * w[k];
          g[k] += of_l2 * w[k];
        }
    });
    penalties[panel] = l1 * absolute + l2 / 2 * squared;
  }

  void square(int64_t panel) {
    double sum = 0;
    for_parameters(panel, [&](const Parameter<T>& parameter, int64_t begin, int64_t end) {
      for (int64_t k = begin; k < end; ++k) sum += double(parameter.gradient[k]) * parameter.gradient[k];
    });
    squares[panel] = sum;
  }

  T clip_factor() const {
    double sum = 0;
    for (const double of_panel : squares) sum += of_panel;
    const double norm = std::sqrt(sum);
    return norm > clip_norm ? T(clip_norm / norm) : T(1);
  }

  void update(int64_t panel, int64_t step, T factor) {
    const T rate = T(coefficients[step]), epsilon = T(coefficients[steps + step]);
    const T b1 = T(beta1), b2 = T(beta2), c1 = T(1) - b1, c2 = T(1) - b2;
    changes[panel] = 0;
    for_parameters(panel, [&](const Parameter<T>& parameter, int64_t begin, int64_t end) {
      const int64_t n = end - begin;
      T *w = parameter.value + begin, *g = parameter.gradient + begin;
      T *s = at(parameter.slots[0], begin), *v = at(parameter.slots[1], begin);
      if (factor != T(1))
        for (int64_t k = 0; k < n; ++k) g[k] *= factor;
      switch (rule) {
        case Rule::none: return;
        case Rule::gradient_descent:
          return move(w, n, panel, [=](int64_t k) { return w[k] - rate * g[k]; });
        case Rule::momentum:
          return move(w, n, panel, [=](int64_t k) {
            s[k] = b1 * s[k] + g[k];
            return w[k] - rate * s[k];
          });
        case Rule::nesterov:
          return move(w, n, panel, [=](int64_t k) {
            s[k] = b1 * s[k] + g[k];
            return w[k] - rate * (g[k] + b1 * s[k]);
          });
        case Rule::adam:
          return move(w, n, panel, [=](int64_t k) {
            s[k] += (g[k] - s[k]) * c1;
            v[k] += (g[k] * g[k] - v[k]) * c2;
            return w[k] - rate * s[k] / (std::sqrt(v[k]) + epsilon);
          });
      }
    });
  }

  static T* at(T* slot, int64_t begin) { return slot == nullptr ? nullptr : slot + begin; }

  template <class Next> void move(T* w, int64_t n, int64_t panel, Next next) {
    if (!watch) {
      for (int64_t k = 0; k < n; ++k) w[k] = next(k);
      return;
    }
    T most = 0;
    for (int64_t k = 0; k < n; ++k) {
      const T moved = next(k);
      most = std::max(most, std::abs(moved - w[k]));
      w[k] = moved;
    }
    changes[panel] = std::max(changes[panel], double(most));
  }
};

}  // namespace ms_dnn
