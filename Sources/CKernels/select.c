// Which kernels this processor runs.
#include <string.h>

#include "kernels.h"

static bool runs(const pawl_kernels *kernels) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                    __builtin_cpu_supports("f16c");
  if (kernels == &pawl_avx2) return avx2;
  if (kernels == &pawl_avx512)
    return avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
#endif
  return kernels == &pawl_portable;
}

/// Fastest first.
static const pawl_kernels *const all[] = {
#if defined(__x86_64__)
    &pawl_avx512,
    &pawl_avx2,
#endif
    &pawl_portable,
};

const pawl_kernels *pawl_kernels_named(const char *name) {
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (strcmp(all[i]->name, name) == 0 && runs(all[i])) return all[i];
  return NULL;
}

const pawl_kernels *pawl_kernels_best(void) {
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (runs(all[i])) return all[i];
  return &pawl_portable;
}
