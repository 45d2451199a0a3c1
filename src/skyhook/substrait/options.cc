#include "skyhook/substrait/options.h"

#include <algorithm>
#include <cstdint>

#include "skyhook/base/status.h"

namespace skyhook::substrait {
namespace {

// How to read and set an option by the number of its choice.
struct Access {
  std::string_view name;
  std::vector<std::string_view> choices;
  uint8_t (*get)(const plan::CallOptions&);
  void (*set)(plan::CallOptions*, uint8_t);
};

template <auto kMember>
Access OptionOf(std::string_view name, std::vector<std::string_view> choices) {
  using Enum = std::remove_reference_t<decltype(std::declval<plan::CallOptions>().*kMember)>;
  return {name, std::move(choices),
          [](const plan::CallOptions& options) { return static_cast<uint8_t>(options.*kMember); },
          [](plan::CallOptions* options, uint8_t choice) {
            options->*kMember = static_cast<Enum>(choice);
          }};
}

// The choices in the order of their enumerations.
const std::vector<Access>& AllOptions() {
  static const std::vector<Access> options = {
      OptionOf<&plan::CallOptions::nan>("nan", {"TOTAL", "IEEE"}),
      OptionOf<&plan::CallOptions::division_by_zero>("division_by_zero", {"NULL", "ERROR", "IEEE"}),
      OptionOf<&plan::CallOptions::overflow>("overflow", {"ERROR", "WRAP", "SATURATE", "NULL"}),
      OptionOf<&plan::CallOptions::domain_error>("domain_error", {"ERROR", "NAN", "NULL"}),
      OptionOf<&plan::CallOptions::logarithm_of_zero>("logarithm_of_zero",
                                                      {"ERROR", "MINUS_INFINITY", "NAN", "NULL"}),
      OptionOf<&plan::CallOptions::rounding>(
          "rounding", {"HALF_AWAY_FROM_ZERO", "HALF_TO_EVEN", "HALF_TOWARDS_ZERO", "HALF_UP",
                       "HALF_DOWN", "HALF_TO_ODD", "TOWARDS_ZERO", "AWAY_FROM_ZERO", "DOWN", "UP"}),
      OptionOf<&plan::CallOptions::text_case>("text_case",
                                              {"SENSITIVE", "INSENSITIVE", "ASCII_INSENSITIVE"}),
      OptionOf<&plan::CallOptions::nulls>("nulls", {"SKIP", "PROPAGATE"}),
      OptionOf<&plan::CallOptions::occurrence>("occurrence", {"FIRST", "ALL"}),
      OptionOf<&plan::CallOptions::date_field>("date_field", {"YEAR",
                                                              "QUARTER",
                                                              "MONTH",
                                                              "WEEK",
                                                              "DAY",
                                                              "DAY_OF_WEEK",
                                                              "ISO_DAY_OF_WEEK",
                                                              "DAY_OF_YEAR",
                                                              "HOUR",
                                                              "MINUTE",
                                                              "SECOND",
                                                              "MILLISECOND",
                                                              "MICROSECOND",
                                                              "NANOSECOND",
                                                              "ISO_YEAR",
                                                              "DECADE",
                                                              "CENTURY",
                                                              "MILLENNIUM",
                                                              "ERA",
                                                              "EPOCH_SECOND",
                                                              "EPOCH_MILLISECOND",
                                                              "EPOCH_MICROSECOND",
                                                              "EPOCH_NANOSECOND"}),
  };
  return options;
}

}  // namespace

const std::vector<OwnOption>& OwnOptionCatalogue() {
  static const std::vector<OwnOption> catalogue = [] {
    std::vector<OwnOption> out;
    for (const Access& option : AllOptions()) out.push_back({option.name, option.choices});
    return out;
  }();
  return catalogue;
}

std::vector<std::pair<std::string, std::string>> OwnOptions(const plan::CallOptions& options) {
  const plan::CallOptions defaults;
  std::vector<std::pair<std::string, std::string>> chosen;
  for (const Access& option : AllOptions()) {
    const uint8_t choice = option.get(options);
    if (choice == option.get(defaults)) continue;
    chosen.emplace_back(option.name, option.choices[choice]);
  }
  if (options.escape != defaults.escape) {
    chosen.emplace_back("escape", std::string(1, options.escape));
  }
  return chosen;
}

arrow::Status SetOwnOption(std::string_view name, std::string_view choice,
                           plan::CallOptions* options) {
  if (name == "escape" && choice.size() == 1) {
    options->escape = choice[0];
    return arrow::Status::OK();
  }
  for (const Access& option : AllOptions()) {
    if (option.name != name) continue;
    const auto found = std::find(option.choices.begin(), option.choices.end(), choice);
    if (found == option.choices.end()) break;
    option.set(options, static_cast<uint8_t>(found - option.choices.begin()));
    return arrow::Status::OK();
  }
  return base::UnsupportedPlan("option {} = {} is not understood", name, choice);
}

}  // namespace skyhook::substrait
