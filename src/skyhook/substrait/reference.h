// The catalogue for people and for other engines: written out of its entries, so that both say
// what the code means.
#pragma once

#include <string>

namespace skyhook::substrait {

/// docs/reference/functions.md: every function and aggregate with its definition, its options, its
/// Substrait name, and what it equals in DuckDB and pyarrow.
std::string FunctionReference();

/// extensions/functions_skyhook.yaml: our Substrait extension.
std::string SubstraitExtension();

}  // namespace skyhook::substrait
