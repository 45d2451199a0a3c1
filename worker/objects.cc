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

bool Objects::Key::operator==(const Key& other) const {
  if (identity != other.identity || name != other.name) return false;
  if (layout == nullptr || other.layout == nullptr) return layout == other.layout;
  return *layout == *other.layout;
}

Result<Objects::Open> Objects::Get(const Call& call, const wire::Request& request,
                                   plan::Cost* opening) {
  const Key key{IdentityOf(call), request.fragment, request.layout};
  const auto known = std::find_if(open_.begin(), open_.end(),
                                  [&](const auto& entry) { return entry.first == key; });
  if (!key.identity.empty() && known != open_.end()) {
    open_.splice(open_.begin(), open_, known);
    return known->second;
  }
  Open open;
  open.object = std::make_shared<LentObject>(request.fragment, call, conversation_);
  std::shared_ptr<base::ByteSource> source = open.object;
  if (request.layout != nullptr) {
    const auto lent = [&](const std::string&) { return open.object; };
    ARROW_ASSIGN_OR_RAISE(source, base::OpenLayout(*request.layout, request.fragment, lent));
  }
  auto fragment = format::OpenFragment(std::move(source), {}, {opening, {}});
  if (base::Is(open.object->failure(), base::Code::kUnreachable)) return open.object->failure();
  ARROW_ASSIGN_OR_RAISE(open.fragment, std::move(fragment));
  int64_t held = opening->bytes_read;
  if (request.layout != nullptr) {
    constexpr int64_t kExtentBytes = 128;  // about what one takes in memory
    held += request.layout->tail_bytes() +
            kExtentBytes * static_cast<int64_t>(request.layout->extents.size());
  }
  if (!key.identity.empty() && held <= kMostFooterBytes) {
    open_.emplace_front(key, open);
    if (open_.size() > kMostOpen) open_.pop_back();
  }
  return open;
}

}  // namespace skyhook::worker
