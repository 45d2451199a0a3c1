// The functions and types that a Substrait plan declares, and the numbers it calls them by.
#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace substrait {
class Plan;
}

namespace skyhook::substrait {

/// Who defines a function or type.
inline constexpr std::string_view kAggregateGenericUrn =
    "extension:io.substrait:functions_aggregate_generic";
inline constexpr std::string_view kArithmeticUrn = "extension:io.substrait:functions_arithmetic";
inline constexpr std::string_view kDecimalUrn =
    "extension:io.substrait:functions_arithmetic_decimal";
inline constexpr std::string_view kBooleanUrn = "extension:io.substrait:functions_boolean";
inline constexpr std::string_view kComparisonUrn = "extension:io.substrait:functions_comparison";
inline constexpr std::string_view kDatetimeUrn = "extension:io.substrait:functions_datetime";
inline constexpr std::string_view kAggregateApproxUrn =
    "extension:io.substrait:functions_aggregate_approx";
inline constexpr std::string_view kLogarithmicUrn = "extension:io.substrait:functions_logarithmic";
inline constexpr std::string_view kRoundingUrn = "extension:io.substrait:functions_rounding";
inline constexpr std::string_view kRoundingDecimalUrn =
    "extension:io.substrait:functions_rounding_decimal";
inline constexpr std::string_view kStringUrn = "extension:io.substrait:functions_string";
inline constexpr std::string_view kUnsignedUrn = "extension:io.substrait:unsigned_integers";
/// extensions/functions_skyhook.yaml.
inline constexpr std::string_view kSkyhookUrn = "extension:org.skyhookdm:functions";

/// A function or type as its definition names it. Functions of a plan carry their signature
/// ("add:i64_i64"); `name` is what stands before the colon once a plan was read.
struct ExtensionName {
  std::string urn;
  std::string name;

  auto operator<=>(const ExtensionName&) const = default;
};

/// Gives numbers to what a plan uses, in the order of first use.
class ExtensionWriter {
 public:
  uint32_t Function(std::string_view urn, std::string_view signature);
  uint32_t Type(std::string_view urn, std::string_view name);
  /// Puts the declarations into `plan`.
  void Write(::substrait::Plan* plan) const;

 private:
  std::map<ExtensionName, uint32_t> functions_;
  std::map<ExtensionName, uint32_t> types_;
};

/// What a plan's numbers stand for.
class ExtensionReader {
 public:
  static arrow::Result<ExtensionReader> Make(const ::substrait::Plan& plan);

  /// kUnsupportedPlan when the plan declares no such number.
  arrow::Result<ExtensionName> Function(uint32_t anchor) const;
  arrow::Result<ExtensionName> Type(uint32_t anchor) const;

 private:
  std::map<uint32_t, ExtensionName> functions_;
  std::map<uint32_t, ExtensionName> types_;
};

}  // namespace skyhook::substrait
