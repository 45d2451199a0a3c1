#include "skyhook/plan/listed_values.h"

#include <arrow/compare.h>

#include <algorithm>

#include "skyhook/plan/mix_hash.h"
#include "skyhook/plan/statistics.h"

namespace skyhook::plan {

bool SameLiteral(const arrow::Scalar& a, const arrow::Scalar& b) {
  static const auto kExactly =
      arrow::EqualOptions::Defaults().nans_equal(true).signed_zeros_equal(false);
  return a.Equals(b, kExactly);
}

bool ListedValues::Equals(const ListedValues& other) const {
  return hash == other.hash && null == other.null &&
         std::equal(sorted.begin(), sorted.end(), other.sorted.begin(), other.sorted.end(),
                    [](const auto& a, const auto& b) { return SameLiteral(*a, *b); });
}

std::shared_ptr<const ListedValues> ListedValuesOf(const std::vector<ExpressionPtr>& arguments) {
  auto out = std::make_shared<ListedValues>();
  for (size_t i = 1; i < arguments.size(); ++i) {
    const auto& literal = arguments[i]->literal();
    if (literal->is_valid) {
      out->sorted.push_back(literal);
    } else {
      out->null = true;
    }
  }
  std::sort(out->sorted.begin(), out->sorted.end(),
            [](const auto& a, const auto& b) { return CompareScalars(*a, *b) < 0; });
  const auto nan = std::find_if(out->sorted.begin(), out->sorted.end(),
                                [](const auto& value) { return IsNan(*value); });
  out->numbers = static_cast<size_t>(nan - out->sorted.begin());
  for (const auto& literal : out->sorted) MixHash(literal->hash(), &out->hash);
  return out;
}

}  // namespace skyhook::plan
