#include "skyhook/wire/fields.h"

#include <limits>

#include "skyhook/base/crc32c.h"
#include "skyhook/base/status.h"

namespace skyhook::wire {

using arrow::Result;

void MessageWriter::AddField(uint16_t tag, std::string_view bytes, uint16_t flags) {
  if (bytes.size() > std::numeric_limits<uint32_t>::max()) {
    too_large_ = true;
    return;
  }
  const FieldHeader field{tag, flags, static_cast<uint32_t>(bytes.size())};
  message_.append(reinterpret_cast<const char*>(&field), sizeof(field));
  message_.append(bytes);
  message_.append(Padded(bytes.size()) - bytes.size(), '\0');
}

Result<std::string> MessageWriter::Finish() {
  if (too_large_) return base::LimitExceeded("a message with a field of more than 4 GiB");
  const std::string_view fields = std::string_view(message_).substr(sizeof(header_));
  header_.field_bytes = fields.size();
  header_.checksum = base::Crc32c(fields);
  std::memcpy(message_.data(), &header_, sizeof(header_));
  return std::move(message_);
}

Result<MessageReader> MessageReader::OpenFields(std::string_view message, uint32_t magic,
                                                uint16_t last_known) {
  MessageReader reader;
  Header& header = reader.header_;
  if (!ReadHeader(message, magic, &header)) {
    return base::CorruptData("{} bytes that are no {}", message.size(),
                             magic == kRequestMagic ? "request" : "reply");
  }
  if (header.oldest > kVersion) {
    return base::UnsupportedPlan("a message for readers of version {}; this one is of version {}",
                                 header.oldest, kVersion);
  }
  std::string_view fields = message.substr(header.header_bytes);
  const bool whole = base::Crc32c(fields) == header.checksum;
  Field field;
  while (NextField(&fields, &field)) {
    if (field.tag >= 1 && field.tag <= last_known) {
      reader.fields_[field.tag].push_back(field.bytes);
    } else if (whole && field.required) {
      return base::UnsupportedPlan("a message with field {}, which is not understood", field.tag);
    }
  }
  if (!whole && !reader.IsRefusalOfAClass()) {
    return base::CorruptData("a message of {} bytes whose checksum is not its own", message.size());
  }
  if (!fields.empty()) return base::CorruptData("a message whose last field is cut short");
  return reader;
}

bool MessageReader::IsRefusalOfAClass() const {
  return header_.magic == kReplyMagic && header_.checksum == kNoChecksum && fields_.size() == 1 &&
         fields_.begin()->first == static_cast<uint16_t>(ReplyTag::kRefusal);
}

const std::vector<std::string_view>& MessageReader::Fields(uint16_t tag) const {
  static const std::vector<std::string_view> kNone;
  const auto found = fields_.find(tag);
  return found == fields_.end() ? kNone : found->second;
}

std::string RowsToBytes(const plan::RowRanges& rows) {
  std::string bytes;
  for (const plan::RowRange& range : rows.ranges()) {
    Append(range.begin, &bytes);
    Append(range.end, &bytes);
  }
  return bytes;
}

Result<plan::RowRanges> RowsFromBytes(std::string_view bytes) {
  std::vector<plan::RowRange> ranges;
  int64_t last = -1;  // so that the first may begin at 0
  plan::RowRange range;
  while (Take(&bytes, &range.begin) && Take(&bytes, &range.end)) {
    if (range.begin <= last || range.end <= range.begin) {
      return base::CorruptData("rows [{}, {}) after row {}", range.begin, range.end, last);
    }
    last = range.end;
    ranges.push_back(range);
  }
  if (!bytes.empty()) return base::CorruptData("row ranges that are cut short");
  return plan::RowRanges(std::move(ranges));
}

}  // namespace skyhook::wire
