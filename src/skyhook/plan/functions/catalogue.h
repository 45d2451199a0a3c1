// The catalogue: every function a site may be asked for, which arguments it takes, what it gives.
#pragma once

#include <arrow/result.h>
#include <arrow/type.h>

#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "skyhook/plan/expression.h"

namespace skyhook::plan {

/// What a type rule looks at.
struct CallShape {
  Function function;
  const std::vector<ExpressionPtr>& arguments;
  const CallOptions& options;
  const std::shared_ptr<arrow::DataType>& wanted;  ///< may be null

  size_t size() const { return arguments.size(); }
  const std::shared_ptr<arrow::DataType>& type(size_t argument) const {
    return arguments[argument]->type();
  }
};

/// Functions that one kernel computes and one chapter of the reference describes.
enum class Family : uint8_t {
  kComparison,
  kTest,
  kArithmetic,
  kRounding,
  kBits,
  kMathematics,
  kPattern,
  kText,
  kTemporal,
  kCast,
};

/// What NULL arguments do.
enum class NullRule : uint8_t {
  kStrict,  ///< NULL in, NULL out; the kernel never sees a NULL constant
  kOwn,     ///< as the definition says
};

/// How many arguments a call has.
struct Arity {
  size_t least;
  size_t most;
};
inline constexpr size_t kVariadic = std::numeric_limits<size_t>::max();

/// One entry.
struct CatalogueEntry {
  Function function;
  Family family;
  std::string_view name;         ///< "add", as messages and Substrait spell it
  std::string_view symbol = "";  ///< "+", when it prints infix
  NullRule nulls = NullRule::kStrict;
  Arity arity = {1, 1};
  std::string_view takes;       ///< arguments and result: "(text, text) -> bool"
  std::string_view definition;  ///< values, NULL, NaN, overflow, errors
  std::string_view options = "";
  std::string_view duckdb = "";   ///< what it equals there, as called
  std::string_view pyarrow = "";  ///< compute functions that it equals
  std::string_view differs = "";  ///< where those differ, and so stay with the client

  arrow::Result<std::shared_ptr<arrow::DataType>> (*rule)(const CallShape&);
  /// Whether this very call (not its arguments) can raise an error for some row.
  bool (*can_fail)(const Expression&);
};

/// All entries, in the order of Function.
std::span<const CatalogueEntry> Catalogue();
/// Null for an id outside the catalogue.
const CatalogueEntry* FindEntry(Function function);
/// Of an id of the catalogue.
const CatalogueEntry& EntryOf(Function function);
/// The name of any id, for messages: "add", "function#1000".
std::string FunctionName(Function function);
std::optional<Function> FunctionByName(std::string_view name);

/// The result type of a call, by the entry's rule; kUnsupportedPlan, naming the function and the
/// argument types, when there is no such function, or it does not take such arguments.
///
/// `wanted` is the type asked for: required for casts; for decimal arithmetic it may be any decimal
/// of the rule's scale (a value that does not fit its precision is an overflow error); for all else
/// it must be null or equal to the rule's type.
arrow::Result<std::shared_ptr<arrow::DataType>> ResultType(
    Function function, const std::vector<ExpressionPtr>& arguments, const CallOptions& options,
    const std::shared_ptr<arrow::DataType>& wanted);

/// True when this very call (not its arguments) can raise an error for some row; that of a function
/// outside the catalogue may.
bool CallCanFail(const Expression& call);

/// The option's name in messages, the reference and our Substrait extension: "year".
const char* DateFieldName(CallOptions::DateField field);

}  // namespace skyhook::plan
