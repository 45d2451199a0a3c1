#include "skyhook/plan/functions/catalogue.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

#include "skyhook/base/status.h"
#include "skyhook/plan/functions/rules.h"

namespace skyhook::plan {
namespace {

std::vector<CatalogueEntry> AllEntries() {
  std::vector<CatalogueEntry> all;
  for (const auto entries : {ComparisonEntries(), ArithmeticEntries(), MathematicsEntries(),
                             TextEntries(), TemporalEntries(), CastEntries()}) {
    all.insert(all.end(), entries.begin(), entries.end());
  }
  std::sort(all.begin(), all.end(),
            [](const auto& a, const auto& b) { return a.function < b.function; });
  return all;
}

}  // namespace

arrow::Status NoSuchCall(const CallShape& call, const std::string& why) {
  std::string types;
  for (const auto& argument : call.arguments) {
    types += (types.empty() ? "" : ", ") + argument->type()->ToString();
  }
  return base::UnsupportedPlan("no function {}({}){}", FunctionName(call.function), types,
                               why.empty() ? "" : ": " + why);
}

std::span<const CatalogueEntry> Catalogue() {
  static const std::vector<CatalogueEntry> entries = AllEntries();
  return entries;
}

const CatalogueEntry* FindEntry(Function function) {
  const auto entries = Catalogue();
  const auto index = static_cast<size_t>(function);
  return index < entries.size() ? &entries[index] : nullptr;
}

const CatalogueEntry& EntryOf(Function function) {
  return Catalogue()[static_cast<size_t>(function)];
}

std::string FunctionName(Function function) {
  const CatalogueEntry* entry = FindEntry(function);
  return entry != nullptr ? std::string(entry->name)
                          : fmt::format("function#{}", static_cast<uint32_t>(function));
}

std::optional<Function> FunctionByName(std::string_view name) {
  for (const CatalogueEntry& entry : Catalogue()) {
    if (entry.name == name) return entry.function;
  }
  return std::nullopt;
}

arrow::Result<TypePtr> ResultType(Function function, const std::vector<ExpressionPtr>& arguments,
                                  const CallOptions& options, const TypePtr& wanted) {
  const CallShape call{function, arguments, options, wanted};
  const CatalogueEntry* entry = FindEntry(function);
  if (entry == nullptr || arguments.size() < entry->arity.least ||
      arguments.size() > entry->arity.most) {
    return NoSuchCall(call);
  }
  ARROW_ASSIGN_OR_RAISE(auto type, entry->rule(call));
  if (wanted != nullptr && !type->Equals(*wanted)) {
    return NoSuchCall(call, "the result is " + type->ToString() + ", not " + wanted->ToString());
  }
  return type;
}

bool CallCanFail(const Expression& call) {
  const CatalogueEntry* entry = FindEntry(call.function());
  return entry == nullptr || entry->can_fail(call);
}

const char* DateFieldName(CallOptions::DateField field) {
  static constexpr std::array kNames = {"year",
                                        "quarter",
                                        "month",
                                        "week",
                                        "day",
                                        "dayofweek",
                                        "isodow",
                                        "dayofyear",
                                        "hour",
                                        "minute",
                                        "second",
                                        "millisecond",
                                        "microsecond",
                                        "nanosecond",
                                        "isoyear",
                                        "decade",
                                        "century",
                                        "millennium",
                                        "era",
                                        "epoch_second",
                                        "epoch_millisecond",
                                        "epoch_microsecond",
                                        "epoch_nanosecond"};
  return kNames[static_cast<size_t>(field)];
}

}  // namespace skyhook::plan
