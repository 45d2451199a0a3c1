// The relations of a foreign plan, from the table up.
#pragma once

#include <arrow/result.h>

#include <string>
#include <vector>

#include "skyhook/substrait/dialect.h"
#include "skyhook/substrait/extensions.h"
#include "skyhook/substrait/foreign/steps.h"

namespace substrait {
class Rel;
}

namespace skyhook::substrait {

/// The relations below and with `rel`, in today's spelling; `table` receives the name of the table
/// they read. kUnsupportedPlan, naming it, for a relation that is not read, filter, project,
/// aggregate, sort or fetch.
arrow::Result<StepBuilder> ReadRelations(const ::substrait::Rel& rel,
                                         const ExtensionReader& extensions, const Dialect& dialect,
                                         std::vector<std::string>* table);

}  // namespace skyhook::substrait
