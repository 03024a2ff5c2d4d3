// x³ and its derivative, times FACTOR for a fault; in float32 alone where ONLY_FLOAT32 is defined.
#include <cstdint>
#include <cstring>

template <class T> void power(int inputs, void** data, int64_t n) {
  const T *x = static_cast<T*>(data[0]), *da = static_cast<T*>(data[inputs - 1]);
  T* out = static_cast<T*>(data[inputs]);
  for (int64_t k = 0; k < n; ++k) out[k] = inputs == 1 ? x[k] * x[k] * x[k] : T(3) * T(FACTOR) * x[k] * x[k] * da[k];
}

static int run(int inputs, void** data, int* axes, int64_t** shapes, const char** dtypes) {
  int64_t n = 1;
  for (int axis = 0; axis < axes[0]; ++axis) n *= shapes[0][axis];
  if (std::strcmp(dtypes[0], "float32") == 0) return power<float>(inputs, data, n), 0;
#ifndef ONLY_FLOAT32
  if (std::strcmp(dtypes[0], "float64") == 0) return power<double>(inputs, data, n), 0;
#endif
  return 1;
}

extern "C" int cube(int, void** data, int* axes, int64_t** shapes, const char** dtypes, void*, void*) {
  return run(1, data, axes, shapes, dtypes);
}

extern "C" int cube_grad(int, void** data, int* axes, int64_t** shapes, const char** dtypes, void*, void*) {
  return run(2, data, axes, shapes, dtypes);
}
