// Substrait's public function tests: files of calls with the results they must have.
#pragma once

#include <arrow/result.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace skyhook::cases {

/// One argument, or the result: a literal with its type, an enumeration value, or a column.
struct Value {
  enum class Kind { kLiteral, kEnumeration, kColumn } kind = Kind::kLiteral;
  std::string text;     ///< as written, quotes removed; of columns the name
  std::string type;     ///< "i64", "dec<38,0>": without blanks and question marks
  bool quoted = false;  ///< so that 'null' is text and null is none
};

struct Case {
  std::string urn;  ///< whose function it is
  std::string function;
  std::vector<Value> arguments;
  std::vector<std::pair<std::string, std::string>> options;

  /// Of an aggregate: the columns' types and the rows, as texts like Value's.
  bool is_aggregate = false;
  std::vector<std::string> column_types;
  std::vector<std::vector<Value>> rows;

  enum class Expectation { kValue, kError, kUndefined } expectation = Expectation::kValue;
  Value result;

  std::string where;  ///< "power.test:12"
  std::string line;
  /// Why it cannot be put as a plan (a list, a lambda), or empty.
  std::string unsupported;
};

/// The cases of a file in the format that tests/README.md of Substrait describes. Lines that are
/// none are an error that names file and line.
arrow::Result<std::vector<Case>> ReadCases(const std::filesystem::path& path);

}  // namespace skyhook::cases
