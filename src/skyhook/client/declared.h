// Declared types: what a consumer sees of a result, against the engine types inside.
#pragma once

#include <arrow/status.h>
#include <arrow/type.h>

#include <memory>

#include "skyhook/client/table.h"
#include "skyhook/plan/pipeline.h"

namespace skyhook::client {

/// What a column of `type` (declared, or an engine type that nobody declared) is shown as: text
/// views as utf8 or binary, decimals of 32 and 64 bits as decimal128, all else as it is.
std::shared_ptr<arrow::DataType> ShownType(const std::shared_ptr<arrow::DataType>& type);

/// Fails unless every column of a pipeline's input is one of the table, in its engine type.
arrow::Status CheckInput(const arrow::Schema& input, const Table& table);

/// The result schema of `pipeline`, whose input CheckInput takes, over a table that declares
/// `declared`: plain columns, and what aggregates pick out of them, as declared, computed ones as
/// shown.
std::shared_ptr<arrow::Schema> DeclaredSchema(const plan::Pipeline& pipeline,
                                              const arrow::Schema& declared);

}  // namespace skyhook::client
