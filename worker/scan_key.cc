#include "worker/scan_key.h"

#include <fmt/format.h>

#include <utility>

#include "skyhook/wire/fields.h"
#include "skyhook/wire/header.h"

namespace skyhook::worker {

using wire::RequestTag;

std::string IdentityOf(const Call& call) {
  if (call.object_id.empty()) return {};
  return fmt::format("{}/{}/{}", call.object_id, call.object_bytes, call.object_mtime);
}

ScanKey KeyOf(const Call& call) {
  wire::Header header;
  if (!wire::ReadHeader(call.request, wire::kRequestMagic, &header)) return {};
  const auto field = [&](RequestTag tag) { return wire::FindField(call.request, header, tag); };
  auto rows = wire::RowsFromBytes(field(RequestTag::kRows));
  if (!rows.ok()) return {};
  return {{wire::ScanOf(call.request, header), *std::move(rows)},
          IdentityOf(call),
          std::string(field(RequestTag::kPipeline)),
          std::string(field(RequestTag::kExtents)),
          std::string(field(RequestTag::kTail))};
}

}  // namespace skyhook::worker
