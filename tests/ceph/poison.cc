// Makes a worker that fails over objects that say so: what it reads is looked at on the way. Linked
// around Conversation::Read (--wrap), so that the worker proper knows nothing of it.
#include <cstdlib>
#include <string_view>

#include "worker/conversation.h"

using Buffers = arrow::Result<skyhook::base::Buffers>;
using Ranges = std::vector<skyhook::base::ByteRange>;

extern "C" {

Buffers __real__ZN7skyhook6worker12Conversation4ReadERKSt6vectorINS_4base9ByteRangeESaIS4_EE(
    skyhook::worker::Conversation* conversation, const Ranges& ranges);

Buffers __wrap__ZN7skyhook6worker12Conversation4ReadERKSt6vectorINS_4base9ByteRangeESaIS4_EE(
    skyhook::worker::Conversation* conversation, const Ranges& ranges) {
  Buffers buffers =
      __real__ZN7skyhook6worker12Conversation4ReadERKSt6vectorINS_4base9ByteRangeESaIS4_EE(
          conversation, ranges);
  if (!buffers.ok()) return buffers;
  for (const auto& buffer : *buffers) {
    const std::string_view bytes(*buffer);
    if (bytes.find("poison: crash") != std::string_view::npos) std::abort();
    if (bytes.find("poison: hang") == std::string_view::npos) continue;
    for (volatile bool forever = true; forever;) {
    }
  }
  return buffers;
}

}  // extern "C"
