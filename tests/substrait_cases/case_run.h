// Runs one of Substrait's function tests through the reader of plans and the kernel.
#pragma once

#include <string>

#include "tests/substrait_cases/case_file.h"

namespace skyhook::cases {

struct Verdict {
  enum class Kind { kPassed, kFailed, kUnsupported } kind = Kind::kPassed;
  std::string reason;  ///< of failed and unsupported ones
};

/// The case becomes a binary Substrait plan over a table of one row (of an aggregate: of its rows),
/// which is read and run like any other. Unsupported is what the reader refuses by name, and what
/// the engine has no plan for. Floats may differ from what is expected by 4 units in the last
/// place.
Verdict RunCase(const Case& one);

}  // namespace skyhook::cases
