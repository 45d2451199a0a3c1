#include <fmt/format.h>

#include <algorithm>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/listing.h"
#include "cli/output.h"
#include "skyhook/client/doctor.h"
#include "skyhook/table/location.h"

namespace skyhook::cli {

using arrow::Status;

Status RunDoctor(const TableCommand& command, const RunOptions& options) {
  auto location = table::ParseStoreUri(command.uri);
  if (!location.ok()) location = table::ParseTableUri(command.uri);
  if (!location.ok() || !location->rados) {
    return UsageError(fmt::format("'{}' is not of the form rados://POOL[/NAMESPACE]", command.uri));
  }
  ARROW_ASSIGN_OR_RAISE(const auto findings, client::Diagnose(*location, RadosOptionsOf(options)));
  ARROW_ASSIGN_OR_RAISE(const Sink sink, OpenSink(RunOptions()));
  for (const client::Finding& finding : findings) {
    ARROW_RETURN_NOT_OK(
        sink.stream->Write(fmt::format("{}  {}\n", finding.good ? "good" : "BAD ", finding.what)));
    if (finding.mend.empty()) continue;
    ARROW_RETURN_NOT_OK(sink.stream->Write(fmt::format("      mend: {}\n", finding.mend)));
  }
  ARROW_RETURN_NOT_OK(sink.stream->Close());
  const auto bad = std::count_if(findings.begin(), findings.end(),
                                 [](const auto& finding) { return !finding.good; });
  if (bad == 0) return Status::OK();
  return OutputError(
      fmt::format("{} keep{} OSDs from answering", Counted(bad, "finding"), bad == 1 ? "s" : ""));
}

}  // namespace skyhook::cli
