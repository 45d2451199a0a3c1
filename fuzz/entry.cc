// What libFuzzer calls; SKYHOOK_FUZZ_TARGET says which target this program is for.
#include "fuzz/target.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t capacity);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  skyhook::fuzz::SKYHOOK_FUZZ_TARGET.run({data, size});
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t capacity,
                                          unsigned int seed) {
  const auto mutate = skyhook::fuzz::SKYHOOK_FUZZ_TARGET.mutate;
  if (mutate == nullptr) return LLVMFuzzerMutate(data, size, capacity);
  return mutate(data, size, capacity, seed, LLVMFuzzerMutate);
}
