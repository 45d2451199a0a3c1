#include "skyhook/table/uploads.h"

#include <utility>

#include "skyhook/base/exceptions.h"
#include "skyhook/base/status.h"

namespace skyhook::table {

using arrow::Result;
using arrow::Status;

namespace {

Result<Uploads::Uploaded> Upload(objects::ObjectStore* store, const std::string& table,
                                 StoredFragment fragment, const std::string& origin,
                                 const Uploads::Make& make) {
  ARROW_ASSIGN_OR_RAISE(const auto bytes, make());
  const std::string name = ObjectOf(table, fragment.object);
  Uploads::Uploaded out;
  out.origin = origin;
  ARROW_ASSIGN_OR_RAISE(out.described, DescribeFragment(bytes, origin));
  StoredFragment& described = out.described.fragment;
  described.object = std::move(fragment.object);
  described.sources = std::move(fragment.sources);
  described.reencoded = fragment.reencoded;
  ARROW_ASSIGN_OR_RAISE(const bool created, store->Create(name, *bytes));
  out.found = !created;
  ARROW_ASSIGN_OR_RAISE(const objects::Checksum stored, store->ChecksumOf(name));
  if (stored != objects::Checksum{described.bytes, described.crc32c}) {
    return base::CorruptData("'{}' has {} bytes of checksum {:08x}, not {} of {:08x}",
                             store->UriOf(name), stored.bytes, stored.crc32c, described.bytes,
                             described.crc32c);
  }
  return out;
}

}  // namespace

Status Uploads::Add(StoredFragment fragment, std::string origin, Make make) {
  while (running_.size() >= at_a_time_) ARROW_RETURN_NOT_OK(TakeFirst());
  running_.push_back(base::Async([this, fragment = std::move(fragment), origin = std::move(origin),
                                  make = std::move(make)]() -> Result<Uploaded> {
    auto uploaded = Upload(store_, table_, fragment, origin, make);
    if (!uploaded.ok()) failed_ = true;
    if (uploaded.ok() && on_written_) on_written_(uploaded->described.fragment.bytes);
    return uploaded;
  }));
  return Status::OK();
}

Status Uploads::TakeFirst() {
  auto uploaded = running_.front().get();
  running_.pop_front();
  ARROW_RETURN_NOT_OK(uploaded.status());
  done_.push_back(*std::move(uploaded));
  return Status::OK();
}

Result<std::vector<Uploads::Uploaded>> Uploads::Finish() {
  while (!running_.empty()) ARROW_RETURN_NOT_OK(TakeFirst());
  return std::move(done_);
}

}  // namespace skyhook::table
