#include "fuzz/target.h"

#include <cstdio>
#include <cstdlib>

namespace skyhook::fuzz {

std::vector<const Target*> Targets() {
  return {
      &kPlanTarget, &kExpressionTarget, &kFilterTarget, &kParquetTarget,
      &kPageTarget, &kIpcTarget,        &kWireTarget,   &kStoreTarget,
#ifdef SKYHOOK_FUZZ_CLS
      &kClsTarget,
#endif
  };
}

void Check(bool holds, const std::string& what) {
  if (holds) return;
  std::fprintf(stderr, "broken invariant: %s\n", what.c_str());
  std::abort();
}

}  // namespace skyhook::fuzz
