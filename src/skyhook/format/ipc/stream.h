// A footer for an Arrow IPC stream, which has none: with it a stream is read as a file is, one
// batch and some columns at a time.
#pragma once

#include <arrow/buffer.h>
#include <arrow/result.h>

#include <cstdint>
#include <memory>
#include <string_view>

#include "skyhook/format/byte_reader.h"

namespace skyhook::format {

/// Whether bytes that begin like this may be a stream: a message of some length.
bool BeginsAsIpcStream(std::string_view begin);

/// What a file with the messages of the stream would have behind them: the footer, its length and
/// "ARROW1". Reads the metadata of every message, and no values. Fails with kCorruptData when a
/// message is damaged, larger than `max_bytes`, or cut short.
arrow::Result<std::shared_ptr<arrow::Buffer>> FooterOfIpcStream(const ByteReader& reader,
                                                                int64_t max_bytes);

}  // namespace skyhook::format
