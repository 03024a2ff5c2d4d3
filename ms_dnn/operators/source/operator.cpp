// The door: a custom operator of MindSpore, of the kind "aot", that does training steps of a network on CPU.
//
// Inputs: program int64; numbers float64; X (M, n[0]); Y (M, n[L]), with a column of weights where samples have them;
// batches int32 (steps, N); coefficients float64 (2, steps); then every parameter, its slots and the averages of batch
// normalisation: all first slots after all parameters, all second ones after these. What is trained changes in place.
// Outputs: results float64 (3,): the step that comes next, the sum of the costs, the last change; costs float64
// (steps,), of the steps that were done; the gradients of the last step, one after the other.
//
// ms_dnn/operators/program.py writes program and numbers. Sizes and indices are checked here, and not inside.
#include <future>
#include <new>
#include <optional>
#include <system_error>
#include <thread>

#include "training.h"

namespace {

using namespace ms_dnn;

enum Input { program_in, numbers_in, X_in, Y_in, batches_in, coefficients_in, first_parameter_in };
enum Refusal { accepted = 0, wrong_tensors = 1, wrong_program = 2, wrong_sizes = 3, wrong_rows = 4, no_memory = 5 };

struct Tensors {
  int number;
  void** data;
  int* axes;
  int64_t** shapes;
  const char** dtypes;

  int results() const { return number - 3; }
  int costs() const { return number - 2; }
  int gradients() const { return number - 1; }
  int64_t size(int i) const {
    int64_t product = 1;
    for (int axis = 0; axis < axes[i]; ++axis) product *= shapes[i][axis];
    return product;
  }
  bool is(int i, int wanted_axes, const char* dtype) const {
    return axes[i] == wanted_axes && std::strcmp(dtypes[i], dtype) == 0;
  }
  template <class T> T* at(int i) const { return static_cast<T*>(data[i]); }
};

class Reader {  // hands out one value after the other, and remembers whether all were there and in their range
 public:
  explicit Reader(const Tensors& tensors)
      : program_(tensors.at<int64_t>(program_in)), numbers_(tensors.at<double>(numbers_in)),
        left_(tensors.size(program_in)), numbers_left_(tensors.size(numbers_in)) {}
  int64_t next() { return --left_ < 0 ? 0 : *program_++; }
  double number() { return --numbers_left_ < 0 ? 0 : *numbers_++; }
  int64_t next_below(int64_t limit) {
    const int64_t value = next();
    valid_ = valid_ && 0 <= value && value < limit;
    return valid_ ? value : 0;
  }
  bool read_all() const { return valid_ && left_ == 0 && numbers_left_ == 0; }

 private:
  const int64_t* program_;
  const double* numbers_;
  int64_t left_, numbers_left_;
  bool valid_ = true;
};

constexpr int64_t most_units = int64_t{1} << 31;

template <class T> Layer<T> read_layer(Reader& reader, int64_t inputs) {
  Layer<T> layer{};
  layer.kind = Kind(reader.next_below(4));
  layer.inputs = inputs;
  layer.units = reader.next_below(most_units);
  layer.activation = Activation(reader.next_below(10));
  switch (layer.kind) {
    case Kind::dense:
      layer.parameters.push_back({inputs, true, nullptr, nullptr, {nullptr, nullptr}});
      if (reader.next_below(2)) layer.parameters.push_back({1, false, nullptr, nullptr, {nullptr, nullptr}});
      break;
    case Kind::dropout:
      layer.key = uint32_t(reader.next());
      layer.step = uint32_t(reader.next());
      layer.threshold = int32_t(reader.next());
      layer.scale = T(reader.number());
      break;
    case Kind::batch_norm: layer.momentum = T(reader.number()); [[fallthrough]];
    case Kind::layer_norm:
      layer.epsilon = T(reader.number());
      layer.parameters.resize(2, {1, false, nullptr, nullptr, {nullptr, nullptr}});
  }
  return layer;
}

template <class T> Refusal read_program(Training<T>& training, const Tensors& tensors, Range& steps) {
  Reader reader(tensors);
  training.loss = Loss(reader.next_below(6));
  training.rule = Rule(reader.next_below(5));
  training.mean = reader.next_below(2);
  training.weighted = reader.next_below(2);
  training.penalise_vectors = reader.next_below(2);
  training.watch = reader.next_below(2);
  training.panels = reader.next();
  training.threads = reader.next();
  steps.first = reader.next();
  steps.last = reader.next();
  for (double* number : {&training.total, &training.tolerance, &training.clip_norm, &training.l1, &training.l2,
                         &training.beta1, &training.beta2})
    *number = reader.number();
  training.samples = tensors.shapes[X_in][0];
  training.inputs = training.outputs = tensors.shapes[X_in][1];
  training.steps = tensors.shapes[batches_in][0];
  training.batch = tensors.shapes[batches_in][1];
  for (int64_t l = reader.next_below(1 << 20); l > 0; --l) {
    training.layers.push_back(read_layer<T>(reader, training.outputs));
    Layer<T>& layer = training.layers.back();
    if (training.rule == Rule::none) layer.momentum = T(0);  // a gradient that is only asked for changes nothing
    if (layer.kind != Kind::dense && layer.units != layer.inputs) return wrong_program;
    training.outputs = layer.units;
  }
  const bool fits = reader.read_all() && !training.layers.empty() && training.panels >= 1 &&
                    training.panels <= training.batch && training.threads >= 1 &&
                    training.threads <= training.panels && steps.first >= 0 && steps.last <= training.steps;
  return fits ? accepted : wrong_program;
}

// Takes the tensors one after the other, and remembers whether each was there, of its dtype and size.
template <class T> struct Taker {
  const Tensors& tensors;
  const char* dtype;
  int next = first_parameter_in;
  bool valid = true;

  T* take(int64_t size) {
    valid = valid && next < tensors.results() && std::strcmp(tensors.dtypes[next], dtype) == 0 &&
            tensors.size(next) == size;
    return valid ? tensors.at<T>(next++) : nullptr;
  }
};

template <class T> Refusal bind(Training<T>& training, const Tensors& tensors, const char* dtype) {
  Taker<T> taker{tensors, dtype};
  const int slots = training.rule == Rule::adam ? 2 : training.rule >= Rule::momentum ? 1 : 0;
  T* gradient = tensors.at<T>(tensors.gradients());
  int64_t size = 0;
  for (Layer<T>& layer : training.layers)
    for (Parameter<T>& parameter : layer.parameters) {
      parameter.value = taker.take(parameter.of_unit * layer.units);
      parameter.gradient = gradient + size;
      size += parameter.of_unit * layer.units;
      if (size > tensors.size(tensors.gradients())) return wrong_sizes;
    }
  for (int slot = 0; slot < slots; ++slot)
    for (Layer<T>& layer : training.layers)
      for (Parameter<T>& parameter : layer.parameters)
        parameter.slots[slot] = taker.take(parameter.of_unit * layer.units);
  for (Layer<T>& layer : training.layers)
    if (layer.kind == Kind::batch_norm) {
      layer.mean = taker.take(layer.units);
      layer.variance = taker.take(layer.units);
    }
  const bool fits = taker.valid && taker.next == tensors.results() && size == tensors.size(tensors.gradients()) &&
                    tensors.shapes[Y_in][0] == training.samples &&
                    tensors.shapes[Y_in][1] == training.outputs + training.weighted &&
                    tensors.shapes[coefficients_in][0] == 2 &&
                    tensors.shapes[coefficients_in][1] == training.steps && tensors.size(tensors.results()) == 3 &&
                    tensors.size(tensors.costs()) == training.steps;
  return fits ? accepted : wrong_sizes;
}

template <class T> Refusal train(const Tensors& tensors, const char* dtype) {
  for (int i : {X_in, Y_in}) if (!tensors.is(i, 2, dtype)) return wrong_tensors;
  if (!tensors.is(tensors.gradients(), 1, dtype)) return wrong_tensors;
  Training<T> training{};
  Range steps{};
  Refusal refusal = read_program(training, tensors, steps);
  if (refusal == accepted) refusal = bind(training, tensors, dtype);
  if (refusal != accepted) return refusal;
  training.X = tensors.at<T>(X_in);
  training.Y = tensors.at<T>(Y_in);
  training.coefficients = tensors.at<double>(coefficients_in);
  training.batches = tensors.at<int32_t>(batches_in);
  for (int64_t i = steps.first * training.batch; i < steps.last * training.batch; ++i)
    if (training.batches[i] < 0 || training.batches[i] >= training.samples) return wrong_rows;
  std::fill_n(tensors.at<double>(tensors.costs()), training.steps, 0.0);
  training.costs_of_steps = tensors.at<double>(tensors.costs());
  training.allocate();

  // They begin when their number is known: where the system gives fewer, those come to the same numbers.
  std::optional<Barrier> barrier;
  std::promise<void> begin;
  const std::shared_future<void> begun(begin.get_future());
  std::vector<std::thread> others;
  try {
    for (int64_t t = 1; t < training.threads; ++t)
      others.emplace_back([&, t] {
        begun.wait();
        training.run(t, steps, *barrier);
      });
  } catch (const std::system_error&) {
  }
  training.threads = 1 + int64_t(others.size());
  barrier.emplace(training.threads);
  begin.set_value();
  const int64_t reached = training.run(0, steps, *barrier);
  for (std::thread& other : others) other.join();
  double* results = tensors.at<double>(tensors.results());
  results[0] = double(reached);
  results[1] = training.total;
  results[2] = training.change;
  return accepted;
}

}  // namespace

extern "C" int train_steps(int number, void** data, int* axes, int64_t** shapes, const char** dtypes, void*, void*) {
  const Tensors tensors{number, data, axes, shapes, dtypes};
  if (number < first_parameter_in + 4 || !tensors.is(program_in, 1, "int64") ||
      !tensors.is(numbers_in, 1, "float64") || !tensors.is(batches_in, 2, "int32") ||
      !tensors.is(coefficients_in, 2, "float64") || !tensors.is(tensors.results(), 1, "float64") ||
      !tensors.is(tensors.costs(), 1, "float64"))
    return wrong_tensors;
  try {
    return std::strcmp(dtypes[X_in], "float64") == 0 ? train<double>(tensors, "float64")
                                                     : train<float>(tensors, "float32");
  } catch (const std::bad_alloc&) {
    return no_memory;
  }
}
