// What a client asks of a remote site.
#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "skyhook/base/layout.h"
#include "skyhook/base/limits.h"
#include "skyhook/plan/runtime_filter.h"
#include "skyhook/plan/shared_pipeline.h"
#include "skyhook/plan/slice.h"
#include "skyhook/wire/parsed_pipelines.h"

namespace skyhook::wire {

/// How the Arrow IPC stream of a reply is compressed.
enum class Codec : uint8_t { kNone, kLz4, kZstd };

/// Of a request's layout.
inline constexpr size_t kMostExtents = 4096;

struct Request {
  plan::SharedPipeline pipeline;
  std::string fragment;  ///< its name, for messages
  /// Where in the object it lies; null: it is the whole of it. A request is about one object, so
  /// that the extents of a decoded one have no name.
  std::shared_ptr<const base::Layout> layout = nullptr;
  plan::Slice slice;  ///< its scan and rows: the rest does not travel
  base::Limits limits;
  /// On the way they are snapshots: those of a decoded request do not change.
  plan::RuntimeFilters runtime_filters;
  std::vector<Codec> codecs = {Codec::kNone};  ///< that the reply may use
  bool packed_text = false;                    ///< whether the reply may be of PackText
  /// The most bytes of the whole reply.
  int64_t message_bytes = int64_t{16} << 20;
  /// The size that the fragment must have; -1: any.
  int64_t fragment_bytes = -1;
};

/// A runtime filter as it was encoded last.
struct EncodedFilter {
  plan::ExpressionPtr snapshot;  ///< null: never
  std::string bytes;
};

/// A deadline travels as the time that is left, in whole milliseconds rounded up; without one,
/// `default_deadline_ms` does. The pipeline is encoded for the first request that carries it. Given
/// `filters` (of earlier requests of the same scan, or none), a runtime filter is encoded when its
/// snapshot has changed. Fails as substrait::ToSubstrait does, and with kUnsupportedPlan where the
/// layout names several objects or has more than kMostExtents.
arrow::Result<std::string> EncodeRequest(const Request& request, uint32_t default_deadline_ms,
                                         std::vector<EncodedFilter>* filters = nullptr);

/// The deadline counts from now. Plans that `parsed` keeps are not parsed again. Bytes that are no
/// request are kCorruptData; what is not understood is kUnsupportedPlan, naming it. Safe on hostile
/// bytes.
arrow::Result<Request> DecodeRequest(std::string_view message, ParsedPipelines* parsed);
arrow::Result<Request> DecodeRequest(std::string_view message);

}  // namespace skyhook::wire
