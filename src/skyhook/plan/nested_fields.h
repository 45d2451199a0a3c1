// The fields within struct columns, which are read like columns of their own.
#pragma once

#include <arrow/type.h>

#include <memory>
#include <string>
#include <vector>

namespace skyhook::plan {

/// A field of a struct column, or of a struct within one.
struct NestedField {
  std::string name;                       ///< "s.a.b"
  int column = 0;                         ///< the struct column
  std::vector<int> path;                  ///< a field of each struct on the way; not empty
  std::shared_ptr<arrow::DataType> type;  ///< engine type
};

/// Those of all struct columns, a struct's before the fields that follow it, and each field before
/// those within it. Fields within lists and maps are not among them.
std::vector<NestedField> NestedFieldsOf(const arrow::Schema& engine_schema);

/// All of them: the fields of `engine_schema`, then `nested`.
std::shared_ptr<arrow::Schema> AllColumns(const arrow::Schema& engine_schema,
                                          const std::vector<NestedField>& nested);

}  // namespace skyhook::plan
