#include "skyhook/base/write_error.h"

#include <arrow/util/io_util.h>

#include <cerrno>
#include <memory>
#include <utility>

namespace skyhook::base {
namespace {

constexpr char kTypeId[] = "skyhook::base::WriteError";

class WriteDetail : public arrow::StatusDetail {
 public:
  const char* type_id() const override { return kTypeId; }
  std::string ToString() const override { return "cannot be written"; }
};

}  // namespace

arrow::Status WriteError(std::string message) {
  return arrow::Status(arrow::StatusCode::IOError, std::move(message),
                       std::make_shared<WriteDetail>());
}

bool IsWriteError(const arrow::Status& status) {
  if (status.detail() != nullptr && status.detail()->type_id() == std::string(kTypeId)) return true;
  switch (arrow::internal::ErrnoFromStatus(status)) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case EROFS:
      return true;
    default:
      return false;
  }
}

}  // namespace skyhook::base
