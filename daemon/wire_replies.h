// The answer to a request of `wire`, as a stream of its replies.
#pragma once

#include <arrow/record_batch.h>
#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/util/cancel.h>

#include <memory>
#include <optional>
#include <string>

#include "daemon/service.h"
#include "daemon/streams.h"
#include "daemon/ticket.h"
#include "skyhook/site/site.h"
#include "skyhook/wire/request.h"

namespace skyhook::daemon {

/// Each message is one reply (wire/reply.h): a batch of the answer, with what remains after it; the
/// last one the whole outcome, and no batch. A site that declines gives one that says so. Beside
/// each is a row with the version of the file.
class WireReplies {
 public:
  arrow::Status Start(const Service& service, const WireTicket& ticket,
                      const arrow::StopToken& stop);
  arrow::Result<std::optional<Message>> Next();
  static std::shared_ptr<arrow::Schema> Schema();

 private:
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> VersionBatch(const std::string& version) const;

  wire::Request request_;
  std::unique_ptr<site::Answer> answer_;
  bool ended_ = false;
};

}  // namespace skyhook::daemon
