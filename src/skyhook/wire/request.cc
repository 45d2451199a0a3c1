#include "skyhook/wire/request.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <memory>
#include <utility>

#include "skyhook/base/status.h"
#include "skyhook/substrait/substrait.h"
#include "skyhook/wire/fields.h"

namespace skyhook::wire {

using arrow::Result;
using std::chrono::steady_clock;

namespace {

uint32_t MillisecondsLeft(const base::Limits& limits, uint32_t otherwise) {
  if (!limits.deadline.has_value()) return otherwise;
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(*limits.deadline - steady_clock::now());
  return static_cast<uint32_t>(
      std::clamp<int64_t>(left.count(), 0, std::numeric_limits<uint32_t>::max()));
}

std::string LimitsToBytes(const base::Limits& limits) {
  std::string bytes;
  for (const int64_t limit :
       {limits.reply_bytes, limits.rows_in, limits.memory_bytes, limits.batch_rows}) {
    Append(limit, &bytes);
  }
  return bytes;
}

// Limits that are not said stay as they are.
arrow::Status LimitsFromBytes(std::string_view bytes, base::Limits* limits) {
  for (int64_t* limit :
       {&limits->reply_bytes, &limits->rows_in, &limits->memory_bytes, &limits->batch_rows}) {
    if (!Take(&bytes, limit)) return arrow::Status::OK();
    if (*limit <= 0) return base::CorruptData("a request with a limit of {}", *limit);
  }
  return arrow::Status::OK();
}

// A plan that filters by the snapshot: its predicate travels as all predicates do.
Result<std::string> FilterToBytes(const plan::RuntimeFilter& filter,
                                  const plan::ExpressionPtr& snapshot,
                                  const plan::Pipeline& pipeline) {
  plan::Pipeline carrier;
  carrier.input = pipeline.input;
  carrier.filter = {snapshot};
  ARROW_ASSIGN_OR_RAISE(const std::string plan, substrait::ToSubstrait(carrier));
  const std::string_view kind = filter.kind();
  std::string bytes;
  Append(static_cast<uint32_t>(kind.size()), &bytes);
  bytes.append(kind);
  return bytes + plan;
}

// The kinds that accounts tell apart.
const char* KindOf(std::string_view kind) {
  return kind == "top-k threshold" ? "top-k threshold" : "join";
}

// Encodes the filters that know something, each again only if `kept` has it as it was.
arrow::Status AddFilters(const Request& request, std::vector<EncodedFilter>* kept,
                         MessageWriter* writer) {
  kept->resize(request.runtime_filters.size());
  for (size_t i = 0; i < kept->size(); ++i) {
    const plan::RuntimeFilter& filter = *request.runtime_filters[i];
    plan::ExpressionPtr snapshot = filter.Snapshot();
    if (snapshot == nullptr) continue;
    EncodedFilter& encoded = (*kept)[i];
    if (encoded.snapshot != snapshot) {
      ARROW_ASSIGN_OR_RAISE(encoded.bytes, FilterToBytes(filter, snapshot, *request.pipeline));
      encoded.snapshot = std::move(snapshot);
    }
    writer->Add(RequestTag::kRuntimeFilter, encoded.bytes);
  }
  return arrow::Status::OK();
}

Result<std::shared_ptr<const plan::RuntimeFilter>> FilterFromBytes(std::string_view bytes,
                                                                   const plan::Pipeline& pipeline,
                                                                   ParsedPipelines* parsed) {
  uint32_t kind_bytes = 0;
  if (!Take(&bytes, &kind_bytes) || kind_bytes > bytes.size()) {
    return base::CorruptData("a runtime filter that is cut short");
  }
  auto filter = std::make_shared<plan::SettableRuntimeFilter>(KindOf(bytes.substr(0, kind_bytes)));
  ARROW_ASSIGN_OR_RAISE(const plan::SharedPipeline carrier, parsed->Get(bytes.substr(kind_bytes)));
  if (!carrier->input->Equals(*pipeline.input)) {
    return base::CorruptData("a runtime filter over other columns than its pipeline reads");
  }
  ARROW_ASSIGN_OR_RAISE(plan::ExpressionPtr predicate, plan::And(carrier->filter));
  if (plan::CanFail(*predicate)) return base::CorruptData("a runtime filter that can fail");
  filter->Set(std::move(predicate));
  return filter;
}

arrow::Status AddLayout(const base::Layout& layout, MessageWriter* writer) {
  if (layout.objects().size() > 1) {
    return base::UnsupportedPlan("a fragment that lies in {} objects cannot be asked of one",
                                 layout.objects().size());
  }
  if (layout.extents.size() > kMostExtents) {
    return base::UnsupportedPlan("a fragment in {} extents; a request has at most {}",
                                 layout.extents.size(), kMostExtents);
  }
  std::string extents;
  for (const base::Extent& extent : layout.extents) {
    Append(extent.range.offset, &extents);
    Append(extent.range.length, &extents);
  }
  writer->Add(RequestTag::kExtents, extents, kRequired);
  if (layout.tail != nullptr) {
    writer->Add(RequestTag::kTail, std::string_view(*layout.tail), kRequired);
  }
  return arrow::Status::OK();
}

// Null where the message has none.
Result<std::shared_ptr<const base::Layout>> LayoutOf(const MessageReader& reader) {
  if (reader.All(RequestTag::kExtents).empty() && reader.All(RequestTag::kTail).empty()) {
    return nullptr;
  }
  auto layout = std::make_shared<base::Layout>();
  std::string_view bytes = reader.Last(RequestTag::kExtents);
  if (bytes.size() > kMostExtents * 2 * sizeof(int64_t)) {
    return base::CorruptData("a request with more than {} extents", kMostExtents);
  }
  while (!bytes.empty()) {
    base::ByteRange range;
    if (!Take(&bytes, &range.offset) || !Take(&bytes, &range.length)) {
      return base::CorruptData("a request whose extents are cut short");
    }
    layout->extents.push_back({"", range});
  }
  if (!reader.All(RequestTag::kTail).empty()) {
    layout->tail = arrow::Buffer::FromString(std::string(reader.Last(RequestTag::kTail)));
  }
  const arrow::Status checked = base::CheckLayout(*layout);
  if (!checked.ok()) return base::CorruptData("a request: {}", checked.message());
  return layout;
}

}  // namespace

Result<std::string> EncodeRequest(const Request& request, uint32_t default_deadline_ms,
                                  std::vector<EncodedFilter>* filters) {
  MessageWriter writer(kRequestMagic);
  writer.header()->deadline_ms = MillisecondsLeft(request.limits, default_deadline_ms);
  writer.header()->reply_bytes = static_cast<uint64_t>(request.message_bytes);
  ARROW_ASSIGN_OR_RAISE(const std::string_view pipeline,
                        request.pipeline.Bytes(substrait::ToSubstrait));
  writer.Add(RequestTag::kPipeline, pipeline, kRequired);
  writer.Add(RequestTag::kFragment, request.fragment);
  writer.Add(RequestTag::kRows, RowsToBytes(request.slice.rows), kRequired);
  writer.Add(RequestTag::kLimits, LimitsToBytes(request.limits));
  std::vector<EncodedFilter> none;
  ARROW_RETURN_NOT_OK(AddFilters(request, filters != nullptr ? filters : &none, &writer));
  uint32_t codecs = 0;
  for (const Codec codec : request.codecs) codecs |= 1u << static_cast<int>(codec);
  if (request.packed_text) codecs |= kPackedText;
  std::string codec_bytes;
  Append(codecs, &codec_bytes);
  writer.Add(RequestTag::kCodecs, codec_bytes);
  if (request.fragment_bytes >= 0) {
    std::string fragment_bytes;
    Append(request.fragment_bytes, &fragment_bytes);
    writer.Add(RequestTag::kFragmentBytes, fragment_bytes);
  }
  if (request.layout != nullptr) ARROW_RETURN_NOT_OK(AddLayout(*request.layout, &writer));
  if (request.slice.goes_on()) {
    std::string scan;
    Append(request.slice.scan, &scan);
    writer.Add(RequestTag::kScan, scan);
  }
  return writer.Finish();
}

Result<Request> DecodeRequest(std::string_view message) {
  ParsedPipelines parsed;
  return DecodeRequest(message, &parsed);
}

Result<Request> DecodeRequest(std::string_view message, ParsedPipelines* parsed) {
  ARROW_ASSIGN_OR_RAISE(const auto reader,
                        MessageReader::Open(message, kRequestMagic, RequestTag::kTail));
  // Others look at the first field of a tag only (FindField).
  for (const auto tag : {RequestTag::kPipeline, RequestTag::kRows, RequestTag::kScan,
                         RequestTag::kExtents, RequestTag::kTail}) {
    if (reader.All(tag).size() > 1) {
      return base::CorruptData("a request with {} fields of tag {}", reader.All(tag).size(),
                               static_cast<int>(tag));
    }
  }
  Request request;
  ARROW_ASSIGN_OR_RAISE(request.pipeline, parsed->Get(reader.Last(RequestTag::kPipeline)));
  request.fragment = reader.Last(RequestTag::kFragment);
  ARROW_ASSIGN_OR_RAISE(request.slice.rows, RowsFromBytes(reader.Last(RequestTag::kRows)));
  ARROW_RETURN_NOT_OK(LimitsFromBytes(reader.Last(RequestTag::kLimits), &request.limits));
  request.limits.deadline =
      steady_clock::now() + std::chrono::milliseconds(reader.header().deadline_ms);
  for (const std::string_view bytes : reader.All(RequestTag::kRuntimeFilter)) {
    ARROW_ASSIGN_OR_RAISE(auto filter, FilterFromBytes(bytes, *request.pipeline, parsed));
    request.runtime_filters.push_back(std::move(filter));
  }
  ARROW_ASSIGN_OR_RAISE(request.layout, LayoutOf(reader));
  std::string_view fragment_bytes = reader.Last(RequestTag::kFragmentBytes);
  Take(&fragment_bytes, &request.fragment_bytes);
  std::string_view scan = reader.Last(RequestTag::kScan);
  Take(&scan, &request.slice.scan);
  std::string_view bytes = reader.Last(RequestTag::kCodecs);
  uint32_t codecs = 1;
  Take(&bytes, &codecs);
  request.codecs.clear();
  for (const Codec codec : {Codec::kNone, Codec::kLz4, Codec::kZstd}) {
    if ((codecs >> static_cast<int>(codec) & 1) != 0) request.codecs.push_back(codec);
  }
  request.packed_text = (codecs & kPackedText) != 0;
  request.message_bytes = static_cast<int64_t>(
      std::min<uint64_t>(reader.header().reply_bytes, std::numeric_limits<int64_t>::max()));
  return request;
}

}  // namespace skyhook::wire
