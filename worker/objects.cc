#include "worker/objects.h"

#include <fmt/format.h>

#include <algorithm>

#include "skyhook/base/status.h"

namespace skyhook::worker {

using arrow::Result;
using arrow::Status;

LentObject::LentObject(std::string name, const Call& call, Conversation* conversation)
    : name_(std::move(name)),
      version_(fmt::format("{}-{}", call.object_bytes, call.object_mtime)),
      size_(call.object_bytes),
      conversation_(conversation) {}

// While a call is made its object cannot change: the class holds its placement group.
arrow::Future<base::Buffers> LentObject::ReadAsync(std::vector<base::ByteRange> ranges,
                                                   arrow::StopToken) {
  if (Status status = CheckRanges(ranges); !status.ok()) {
    return arrow::Future<base::Buffers>::MakeFinished(std::move(status));
  }
  auto buffers = conversation_->Read(ranges);
  if (!buffers.ok()) failure_ = buffers.status();
  return arrow::Future<base::Buffers>::MakeFinished(std::move(buffers));
}

Result<Objects::Open> Objects::Get(const Call& call, const std::string& name, plan::Cost* opening) {
  const std::string identity = IdentityOf(call);
  const Key key = identity.empty() ? Key() : identity + "/" + name;
  const auto known = std::find_if(open_.begin(), open_.end(),
                                  [&](const auto& entry) { return entry.first == key; });
  if (!key.empty() && known != open_.end()) {
    open_.splice(open_.begin(), open_, known);
    return known->second;
  }
  Open open;
  open.object = std::make_shared<LentObject>(name, call, conversation_);
  auto fragment = format::OpenFragment(open.object, {}, {opening, {}});
  if (base::Is(open.object->failure(), base::Code::kUnreachable)) return open.object->failure();
  ARROW_ASSIGN_OR_RAISE(open.fragment, std::move(fragment));
  if (!key.empty() && opening->bytes_read <= kMostFooterBytes) {
    open_.emplace_front(key, open);
    if (open_.size() > kMostOpen) open_.pop_back();
  }
  return open;
}

}  // namespace skyhook::worker
