#include "fuzz/file_target.h"

#include <arrow/buffer.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "fuzz/run_pipeline.h"
#include "skyhook/base/byte_source.h"
#include "skyhook/format/fragment.h"

namespace skyhook::fuzz {
namespace {

constexpr int64_t kMostPageBytes = 1 << 20;
constexpr size_t kLengthBytes = 4;

/// The footer's length, or nothing where the file does not end in one.
size_t FooterBytes(const FileEnd& end, const uint8_t* data, size_t size) {
  const size_t tail = kLengthBytes + end.magic.size();
  if (size < tail ||
      std::memcmp(data + size - end.magic.size(), end.magic.data(), end.magic.size()) != 0) {
    return 0;
  }
  uint32_t length = 0;
  std::memcpy(&length, data + size - tail, kLengthBytes);
  return length <= size - tail ? length : 0;
}

}  // namespace

void RunFile(Bytes input) {
  auto bytes = std::make_shared<arrow::Buffer>(input.data(), static_cast<int64_t>(input.size()));
  format::ReadOptions options;
  options.max_page_bytes = kMostPageBytes;
  auto fragment = format::OpenFragment(base::MakeBufferSource(bytes, "input"), options, nullptr);
  if (fragment.ok()) ReadFragment(*fragment);
}

size_t MutateFile(const FileEnd& end, uint8_t* data, size_t size, size_t capacity, uint32_t seed,
                  MutatePart mutate) {
  const size_t footer = FooterBytes(end, data, size);
  const size_t tail = kLengthBytes + end.magic.size();
  const bool whole = footer == 0 || seed % 8 == 0 || capacity < size;
  if (whole) return mutate(data, size, capacity);
  const size_t body = size - tail - footer;
  const bool change_footer = seed % 2 == 0 || body == 0;
  const size_t room = capacity - size;
  const uint8_t* from = change_footer ? data + body : data;
  std::vector<uint8_t> part(from, from + (change_footer ? footer : body));
  const size_t before = part.size();
  part.resize(before + room);
  // Offsets in the footer count from the beginning: a body keeps its length.
  const size_t after = mutate(part.data(), before, change_footer ? part.size() : before);
  part.resize(change_footer ? after : before);
  if (!change_footer) {
    std::copy(part.begin(), part.end(), data);
    return size;
  }
  std::copy(part.begin(), part.end(), data + body);
  const auto length = static_cast<uint32_t>(part.size());
  std::memcpy(data + body + part.size(), &length, kLengthBytes);
  std::memcpy(data + body + part.size() + kLengthBytes, end.magic.data(), end.magic.size());
  return body + part.size() + tail;
}

}  // namespace skyhook::fuzz
