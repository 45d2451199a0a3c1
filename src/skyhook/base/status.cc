#include "skyhook/base/status.h"

#include <memory>

namespace skyhook::base {
namespace {

constexpr char kTypeId[] = "skyhook::base::Code";

class CodeDetail : public arrow::StatusDetail {
 public:
  explicit CodeDetail(Code code) : code_(code) {}
  const char* type_id() const override { return kTypeId; }
  std::string ToString() const override { return CodeName(code_); }
  Code code() const { return code_; }

 private:
  Code code_;
};

arrow::StatusCode ArrowCode(Code code) {
  switch (code) {
    case Code::kUnsupportedPlan:
      return arrow::StatusCode::NotImplemented;
    case Code::kCorruptData:
      return arrow::StatusCode::Invalid;
    case Code::kLimitExceeded:
      return arrow::StatusCode::CapacityError;
    case Code::kStaleObject:
    case Code::kBusy:
    case Code::kUnreachable:
    case Code::kUnauthorised:
      return arrow::StatusCode::IOError;
  }
  return arrow::StatusCode::UnknownError;
}

}  // namespace

const char* CodeName(Code code) {
  switch (code) {
    case Code::kUnsupportedPlan:
      return "unsupported plan";
    case Code::kStaleObject:
      return "stale object";
    case Code::kCorruptData:
      return "corrupt data";
    case Code::kLimitExceeded:
      return "limit exceeded";
    case Code::kBusy:
      return "busy";
    case Code::kUnreachable:
      return "unreachable";
    case Code::kUnauthorised:
      return "unauthorised";
  }
  return "unknown";
}

arrow::Status MakeStatus(Code code, std::string message) {
  return arrow::Status(ArrowCode(code), std::move(message), std::make_shared<CodeDetail>(code));
}

bool Is(const arrow::Status& status, Code code) {
  if (status.detail() == nullptr || std::string(status.detail()->type_id()) != kTypeId) {
    return false;
  }
  return static_cast<const CodeDetail&>(*status.detail()).code() == code;
}

arrow::Status AddContext(const arrow::Status& status, const std::string& where) {
  if (status.ok()) return status;
  return arrow::Status(status.code(), where + ": " + status.message(), status.detail());
}

}  // namespace skyhook::base
