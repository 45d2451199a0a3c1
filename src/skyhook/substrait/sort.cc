#include "skyhook/substrait/sort.h"

#include <substrait/algebra.pb.h>

#include "skyhook/base/status.h"

namespace skyhook::substrait {

namespace pb = ::substrait;

arrow::Status DirectionFromSubstrait(const pb::SortField& sort, plan::SortKey* key) {
  key->descending = false;
  key->nulls_first = false;
  switch (sort.direction()) {
    case pb::SortField::SORT_DIRECTION_ASC_NULLS_FIRST:
      key->nulls_first = true;
      return arrow::Status::OK();
    case pb::SortField::SORT_DIRECTION_ASC_NULLS_LAST:
      return arrow::Status::OK();
    case pb::SortField::SORT_DIRECTION_DESC_NULLS_FIRST:
      key->descending = key->nulls_first = true;
      return arrow::Status::OK();
    case pb::SortField::SORT_DIRECTION_DESC_NULLS_LAST:
      key->descending = true;
      return arrow::Status::OK();
    default:
      return base::UnsupportedPlan("a sort key of direction {}",
                                   static_cast<int>(sort.direction()));
  }
}

}  // namespace skyhook::substrait
