// The three products of a dense layer, row by row in memory: in float32 by the oneDNN that MindSpore has loaded, which
// has no float64; there, and where oneDNN is not found, by the loops below.
#pragma once

#include <dlfcn.h>

#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <vector>

namespace ms_dnn {

using Sgemm = int (*)(char, char, int64_t, int64_t, int64_t, float, const float*, int64_t, const float*, int64_t, float,
                      float*, int64_t);

inline Sgemm dnnl_sgemm() {
  static const Sgemm found = [] {
    void* library = dlopen("libdnnl.so.3", RTLD_NOW | RTLD_NOLOAD);
    return library == nullptr ? nullptr : reinterpret_cast<Sgemm>(dlsym(library, "dnnl_sgemm"));
  }();
  return found;
}

// C (M, N) += a · B for each row a of A (M, K): the innermost loop runs along rows of B and C, four of B at a time.
// `step` and `next` are the distances in A from a row to the next and from a number to the next of its row.
template <class T>
void add_product(const T* A, int64_t step, int64_t next, const T* B, int64_t ldb, T* C, int64_t ldc, int64_t M,
                 int64_t N, int64_t K) {
  for (int64_t i = 0; i < M; ++i) {
    T* c = C + i * ldc;
    std::fill(c, c + N, T(0));
    int64_t k = 0;
    for (; k + 4 <= K; k += 4) {
      const T *a = A + i * step + k * next, *b = B + k * ldb;
      const T a0 = a[0], a1 = a[next], a2 = a[2 * next], a3 = a[3 * next];
      for (int64_t j = 0; j < N; ++j)
        c[j] += a0 * b[j] + a1 * b[j + ldb] + (a2 * b[j + 2 * ldb] + a3 * b[j + 3 * ldb]);
    }
    for (; k < K; ++k) {
      const T a = A[i * step + k * next];
      for (int64_t j = 0; j < N; ++j) c[j] += a * B[k * ldb + j];
    }
  }
}

// z (R, O) = x (R, I) Wᵀ for W (O, I). `room` is for W turned round.
template <class T> void times_transposed(const T* x, const T* W, T* z, int64_t R, int64_t O, int64_t I, std::vector<T>& room) {
  if constexpr (std::is_same_v<T, float>) {
    if (const Sgemm sgemm = dnnl_sgemm()) {
      sgemm('N', 'T', R, O, I, 1.0f, x, I, W, I, 0.0f, z, O);
      return;
    }
  }
  room.resize(static_cast<size_t>(O * I));
  for (int64_t o = 0; o < O; ++o)
    for (int64_t i = 0; i < I; ++i) room[static_cast<size_t>(i * O + o)] = W[o * I + i];
  add_product(x, I, int64_t{1}, room.data(), O, z, O, R, O, I);
}

// dx (R, I) = dz (R, O) W.
template <class T> void times(const T* dz, const T* W, T* dx, int64_t R, int64_t I, int64_t O) {
  if constexpr (std::is_same_v<T, float>) {
    if (const Sgemm sgemm = dnnl_sgemm()) {
      sgemm('N', 'N', R, I, O, 1.0f, dz, O, W, I, 0.0f, dx, I);
      return;
    }
  }
  add_product(dz, O, int64_t{1}, W, I, dx, I, R, I, O);
}

// dW (P, I) = dzᵀ x for P of the O columns of dz (N, O), and x (N, I).
template <class T> void transposed_times(const T* dz, int64_t O, const T* x, T* dW, int64_t P, int64_t I, int64_t N) {
  if constexpr (std::is_same_v<T, float>) {
    if (const Sgemm sgemm = dnnl_sgemm()) {
      sgemm('T', 'N', P, I, N, 1.0f, dz, O, x, I, 0.0f, dW, I);
      return;
    }
  }
  add_product(dz, int64_t{1}, O, x, I, dW, I, P, I, N);
}

}  // namespace ms_dnn
