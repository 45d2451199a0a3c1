#include "skyhook/vector/value_set.h"

#include <xxhash.h>

namespace skyhook::vector {

TextSet::TextSet(const std::vector<std::string_view>& texts)
    : slots_(std::bit_ceil(texts.size() * 2 + 1)) {
  for (const std::string_view text : texts) {
    if (Has(text)) continue;
    const uint64_t hash = XXH3_64bits(text.data(), text.size());
    uint64_t at = hash & (slots_.size() - 1);
    while (slots_[at].offset >= 0) at = (at + 1) & (slots_.size() - 1);
    slots_[at] = {hash, static_cast<int64_t>(bytes_.size()), text.size()};
    bytes_ += text;
    sizes_ |= SizeBit(text.size());
  }
}

bool TextSet::Find(std::string_view text) const {
  const uint64_t mask = slots_.size() - 1;
  const uint64_t hash = XXH3_64bits(text.data(), text.size());
  for (uint64_t at = hash & mask; slots_[at].offset >= 0; at = (at + 1) & mask) {
    const Slot& slot = slots_[at];
    if (slot.hash == hash && slot.size == text.size() &&
        std::memcmp(bytes_.data() + slot.offset, text.data(), text.size()) == 0) {
      return true;
    }
  }
  return false;
}

}  // namespace skyhook::vector
