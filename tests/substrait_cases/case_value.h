// Types and literals of Substrait's function tests.
#pragma once

#include <arrow/result.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include <memory>
#include <string>

#include "tests/substrait_cases/case_file.h"

namespace substrait {
class Expression_Literal;
class Type;
}  // namespace substrait

namespace skyhook::substrait {
class ExtensionWriter;
}

namespace skyhook::cases {

/// The engine type that an abbreviation stands for: "i64", "dec<38,0>", "u!u8". Both kinds of
/// intervals are month_day_nano_interval here. kNotImplemented for lists and the like.
arrow::Result<std::shared_ptr<arrow::DataType>> TypeOf(const std::string& text);

/// The literal as a scalar of that type.
arrow::Result<std::shared_ptr<arrow::Scalar>> ScalarOf(const Value& value, const std::string& type);

/// The type and the literal as Substrait has them, intervals in the form that the file names.
arrow::Status TypeToProto(const std::string& type, substrait::ExtensionWriter* extensions,
                          ::substrait::Type* out);
arrow::Status LiteralToProto(const Value& value, substrait::ExtensionWriter* extensions,
                             ::substrait::Expression_Literal* out);

}  // namespace skyhook::cases
