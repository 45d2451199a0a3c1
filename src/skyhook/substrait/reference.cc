#include "skyhook/substrait/reference.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <vector>

#include "skyhook/plan/functions/aggregates.h"
#include "skyhook/plan/functions/catalogue.h"
#include "skyhook/substrait/extensions.h"
#include "skyhook/substrait/function.h"
#include "skyhook/substrait/options.h"

namespace skyhook::substrait {
namespace {

constexpr std::array kChapters = {
    "Comparisons", "Tests",    "Arithmetic", "Rounding",        "Bits",
    "Mathematics", "Patterns", "Text",       "Dates and times", "Casts"};

// The short name of a standard file: "functions_arithmetic".
std::string FileOf(std::string_view urn) { return std::string(urn.substr(urn.rfind(':') + 1)); }

std::string Joined(const std::set<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "" : ", ") + text;
  return out;
}

std::string StandardNames(plan::Function function) {
  std::set<std::string> names;
  for (const StandardFunction& standard : StandardFunctions()) {
    if (standard.function != function) continue;
    names.insert(fmt::format("`{}` of {}", standard.name, FileOf(standard.urn)));
  }
  if (function == plan::Function::kIn) names.insert("SingularOrList");
  if (function == plan::Function::kCast || function == plan::Function::kTryCast)
    names.insert("Cast");
  return Joined(names);
}

std::string StandardNames(plan::AggregateFunction function) {
  std::set<std::string> names;
  for (const StandardAggregate& standard : StandardAggregates()) {
    if (standard.function != function) continue;
    names.insert(fmt::format("`{}` of {}{}", standard.name, FileOf(standard.urn),
                             standard.read_only ? " (read, not written)" : ""));
  }
  return Joined(names);
}

void AddLine(std::string_view label, std::string_view text, std::string* out) {
  if (!text.empty()) *out += fmt::format("- {}: {}\n", label, text);
}

// What functions and aggregates alike are called elsewhere.
template <typename Entry>
void AddCounterparts(const Entry& entry, std::string* out) {
  AddLine("Substrait", StandardNames(entry.function), out);
  AddLine("DuckDB", entry.duckdb, out);
  AddLine("pyarrow", entry.pyarrow, out);
  AddLine("differs", entry.differs, out);
}

std::string Paragraph(const plan::CatalogueEntry& entry) {
  std::string out = fmt::format("### {}\n\n", entry.name);
  out += fmt::format("{}{}\n\n", entry.definition,
                     entry.nulls == plan::NullRule::kStrict ? " NULL in, NULL out." : "");
  AddLine("takes", entry.takes, &out);
  AddLine("options", entry.options, &out);
  AddCounterparts(entry, &out);
  return out + "\n";
}

std::string Paragraph(const plan::AggregateEntry& entry) {
  std::string out = fmt::format("### {}\n\n{}\n\n", entry.name, entry.definition);
  AddLine("takes", entry.takes, &out);
  AddLine("partial state", entry.state, &out);
  AddCounterparts(entry, &out);
  return out + "\n";
}

constexpr std::string_view kPreface =
    R"(# Functions

What a scan can be asked for. This page is written out of the catalogue in `src/skyhook/plan`; do not
edit it: `SKYHOOK_UPDATE=1 build/release/bin/skyhook_plan_test` writes it anew.

What is not here, or differs from what a query asks for, stays with the client. Types are those of
Arrow: *text* is any of its string types, *T* stands for one type throughout. Where a Substrait
function is named, a call is written as that one when it says exactly the same, and as one of
`extensions/functions_skyhook.yaml` when it does not.

## Options

Dialects disagree; a call says what it means. The first choice is SQL's, which is DuckDB 1.5.6's.

| option | choices |
|---|---|
)";

std::string OptionsTable() {
  std::string out;
  for (const OwnOption& option : OwnOptionCatalogue()) {
    std::string choices;
    for (const auto& choice : option.choices)
      choices += fmt::format("{}`{}`", choices.empty() ? "" : ", ", choice);
    out += fmt::format("| `{}` | {} |\n", option.name, choices);
  }
  return out + "| `escape` | one character |\n\n";
}

constexpr std::string_view kYamlPreface =
    R"(%YAML 1.2
---
# Written out of the catalogue in src/skyhook/plan: SKYHOOK_UPDATE=1 skyhook_plan_test.
urn: extension:org.skyhookdm:functions
description: >
  What Skyhook's catalogue means where Substrait's standard functions do not say it. A call of a
  standard function is written wherever that says exactly the same; a call of one of these says the
  rest. An option that is not given has the first of its values. The types of arguments and results
  are those that the plan declares: a decimal result may have any precision, and a value that does
  not fit it is an error.

types:
  - name: fp16
    description: A float of 16 bits. A column of it is computed with as fp32; no value is cast to it.
  - name: duration
    description: A count of seconds (precision 0), milli- (3), micro- (6) or nanoseconds (9).
    parameters:
      - name: precision
        type: integer
    structure:
      value: i64
  - name: null_type
    description: The type of columns that hold nothing but NULL.
  - name: decimal256
    description: >
      A decimal of 39 to 76 digits. Literals hold the number without its point as 32 bytes of two's
      complement, the lowest first.
    parameters:
      - name: precision
        type: integer
      - name: scale
        type: integer
    structure:
      value: binary
  - name: zoned_timestamp
    description: >
      An instant in UTC that is shown in a time zone. Literals hold it as an i64 count since 1970 in
      units of the precision.
    parameters:
      - name: precision
        type: integer
      - name: zone
        type: string
    structure:
      value: i64

scalar_functions:
)";

// Text in lines of at most 100 characters, each indented.
std::string Wrapped(const std::string& text, const std::string& indent) {
  std::string out;
  std::string line = indent;
  size_t begin = 0;
  while (begin < text.size()) {
    const size_t end = std::min(text.find(' ', begin), text.size());
    const std::string word = text.substr(begin, end - begin);
    if (line.size() > indent.size() && line.size() + 1 + word.size() > 100) {
      out += line + "\n";
      line = indent;
    }
    line += (line.size() > indent.size() ? " " : "") + word;
    begin = end + 1;
  }
  return out + line + "\n";
}

std::string Arguments(size_t count, std::string_view constant = "") {
  std::string out = "      - args:\n";
  for (size_t i = 0; i < count; ++i) {
    out += fmt::format("          - name: x{}\n            value: any{}\n", i + 1, i + 1);
  }
  if (constant.empty()) return out;
  return out + fmt::format(
                   "          - name: {}\n            value: fp64\n            "
                   "constant: true\n",
                   constant);
}

std::string OptionsOf(const plan::CatalogueEntry& entry) {
  std::string out;
  for (const OwnOption& option : OwnOptionCatalogue()) {
    const size_t at = entry.options.find(option.name);
    if (at == std::string_view::npos) continue;
    std::string choices;
    for (const auto& choice : option.choices)
      choices += fmt::format("{}{}", choices.empty() ? "" : ", ", choice);
    out += fmt::format("          {}:\n{}", option.name,
                       Wrapped("values: [" + choices + "]", "            "));
  }
  if (entry.options.find("escape") != std::string_view::npos) {
    out += "          escape:\n            values: [\"\\\\\"]\n";
  }
  return out.empty() ? out : "        options:\n" + out;
}

std::string FunctionYaml(const plan::CatalogueEntry& entry) {
  const std::string nulls = entry.nulls == plan::NullRule::kStrict ? " NULL in, NULL out." : "";
  std::string out = fmt::format("  - name: {}\n    description: >\n", entry.name);
  out += Wrapped(fmt::format("{} {}{}", entry.takes, entry.definition, nulls), "      ");
  out += "    impls:\n";
  const bool variadic = entry.arity.most == plan::kVariadic;
  const size_t most = variadic ? 1 : entry.arity.most;
  for (size_t count = variadic ? 1 : entry.arity.least; count <= most; ++count) {
    out += Arguments(count);
    if (variadic) out += fmt::format("        variadic:\n          min: {}\n", entry.arity.least);
    out += OptionsOf(entry) + "        return: any\n";
  }
  return out;
}

std::string AggregateYaml(const plan::AggregateEntry& entry) {
  std::string out = fmt::format("  - name: {}\n    description: >\n", entry.name);
  out +=
      Wrapped(fmt::format("{} {} Partial state: {}.", entry.takes, entry.definition, entry.state),
              "      ");
  return out + "    impls:\n" + Arguments(entry.num_arguments, entry.constant) +
         "        nullability: DECLARED_OUTPUT\n        return: any\n";
}

}  // namespace

std::string FunctionReference() {
  std::string out = std::string(kPreface) + OptionsTable();
  for (size_t family = 0; family < kChapters.size(); ++family) {
    out += fmt::format("## {}\n\n", kChapters[family]);
    for (const plan::CatalogueEntry& entry : plan::Catalogue()) {
      if (static_cast<size_t>(entry.family) == family) out += Paragraph(entry);
    }
  }
  out +=
      "## Aggregates\n\nEach may have a FILTER. NULL arguments do not count; of two arguments, "
      "rows "
      "count where neither is NULL. Sites return *partial state*, which is merged.\n\n";
  for (const plan::AggregateEntry& entry : plan::AggregateCatalogue()) out += Paragraph(entry);
  out.pop_back();
  return out;
}

std::string SubstraitExtension() {
  std::string out(kYamlPreface);
  for (const plan::CatalogueEntry& entry : plan::Catalogue()) out += FunctionYaml(entry);
  out += "\naggregate_functions:\n";
  for (const plan::AggregateEntry& entry : plan::AggregateCatalogue()) {
    if (entry.num_arguments > 0) out += AggregateYaml(entry);
  }
  return out;
}

}  // namespace skyhook::substrait
