// Brings plans of older releases and of other producers to the spelling of Substrait 0.85.
#pragma once

#include <arrow/status.h>

#include "skyhook/substrait/foreign/message.h"

namespace skyhook::substrait {

/// What is said another way than 0.85 says it is rewritten in place, and nothing else is touched:
///
/// | was | becomes |
/// |-----|---------|
/// | extension URIs (field 1), `extension_uri_reference` | extension URNs |
/// | functions of no declared extension | functions of the URN "" |
/// | FetchRel.offset and count | offset_expr and count_expr |
/// | Grouping.grouping_expressions | AggregateRel.grouping_expressions and references |
/// | arguments as plain expressions (`args`) | `arguments` |
/// | timestamp, timestamp_tz and time, types and literals | precision types of microseconds |
/// | varchar(n), types and literals | string |
/// | types of DataFusion and pyarrow | as foreign_types.h says |
///
/// kUnsupportedPlan for a FetchRel of an older release whose missing count could mean none or all.
arrow::Status Modernise(ForeignMessage* message);

}  // namespace skyhook::substrait
