#include "cli/exit_code.h"

#include <memory>

#include "skyhook/base/status.h"
#include "skyhook/base/write_error.h"

namespace skyhook::cli {
namespace {

constexpr char kUsage[] = "skyhook::cli::Usage";
constexpr char kOutput[] = "skyhook::cli::Output";
constexpr char kClosedPipe[] = "skyhook::cli::ClosedPipe";

// Says of an error which kind it is.
class Kind : public arrow::StatusDetail {
 public:
  explicit Kind(const char* kind) : kind_(kind) {}
  const char* type_id() const override { return kind_; }
  std::string ToString() const override { return kind_; }

 private:
  const char* kind_;
};

bool Is(const arrow::Status& status, const std::string& kind) {
  return status.detail() != nullptr && status.detail()->type_id() == kind;
}

}  // namespace

ExitCode ExitCodeOf(const arrow::Status& status) {
  using base::Code;
  if (status.ok()) return ExitCode::kOk;
  if (Is(status, kUsage)) return ExitCode::kUsage;
  if (status.IsCancelled()) return ExitCode::kInterrupted;
  if (base::Is(status, Code::kLimitExceeded) || status.IsOutOfMemory()) {
    return ExitCode::kLimitExceeded;
  }
  if (base::Is(status, Code::kCorruptData) || base::Is(status, Code::kStaleObject) ||
      status.IsIOError()) {
    return ExitCode::kDataError;
  }
  return status.IsUnknownError() ? ExitCode::kInternalError : ExitCode::kQueryError;
}

std::string ExitCodeHelp() {
  return "Exit codes:\n"
         "  0    success\n"
         "  1    the query is wrong: SQL, names, types, a failing cast; or a plan is not "
         "understood\n"
         "  2    the command line is wrong\n"
         "  3    the data cannot be read: missing, corrupt, or changed under the query; or"
         " rows cannot be written\n"
         "  4    a limit was reached: --timeout or --memory\n"
         "  5    a fault of Skyhook or DuckDB\n"
         "  130  interrupted by Ctrl-C, SIGTERM or SIGHUP\n";
}

std::string HintFor(const arrow::Status& status) {
  using base::Code;
  if (base::Is(status, Code::kLimitExceeded) || status.IsOutOfMemory()) {
    return "try a larger --timeout or --memory, or a query that needs less";
  }
  if (base::Is(status, Code::kStaleObject)) return "run the query again to read the new version";
  if (base::Is(status, Code::kCorruptData)) {
    return "check that it is the right file, or get a fresh copy of it";
  }
  if (Is(status, kOutput)) return "";
  if (base::Is(status, Code::kBusy)) return "try again, or later";
  if (base::Is(status, Code::kUnreachable)) {
    return "check that it runs and can be reached from here: of Ceph, that 'ceph -s' answers with "
           "the "
           "same -c, -n and -k";
  }
  if (base::Is(status, Code::kUnauthorised)) {
    return "check who you are there: of Ceph, 'ceph auth get NAME' shows the capabilities of the "
           "client's key; of skyhookd, --token-file and --tls-cert";
  }
  if (base::IsWriteError(status)) {
    return "check the path, that it may be written, and that there is room";
  }
  if (status.IsIOError()) return "check the path, and that it may be read";
  if (status.IsUnknownError()) return "please report this, with the query";
  return "";
}

arrow::Status UsageError(const std::string& message) {
  return arrow::Status(arrow::StatusCode::Invalid, message, std::make_shared<Kind>(kUsage));
}

arrow::Status OutputError(const std::string& message) {
  return arrow::Status(arrow::StatusCode::IOError, message, std::make_shared<Kind>(kOutput));
}

arrow::Status ClosedPipeError(const std::string& message) {
  return arrow::Status(arrow::StatusCode::IOError, message, std::make_shared<Kind>(kClosedPipe));
}

bool IsClosedPipe(const arrow::Status& status) { return Is(status, kClosedPipe); }

}  // namespace skyhook::cli
