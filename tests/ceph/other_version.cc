// Makes a worker of another version than the client's: SKYHOOK_TEST_VERSION says which.
// Linked around what it calls (--wrap), so that the worker proper knows nothing of it.
#include <sys/socket.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "skyhook/base/crc32c.h"
#include "skyhook/lending/message.h"
#include "skyhook/wire/header.h"
#include "skyhook/wire/reply.h"
#include "skyhook/wire/request.h"
#include "worker/channel.h"

namespace skyhook {
namespace {

bool Is(std::string_view version) {
  const char* text = std::getenv("SKYHOOK_TEST_VERSION");
  return text != nullptr && version == text;
}

wire::Header HeaderOf(std::string_view message) {
  wire::Header header;
  std::memcpy(&header, message.data(), sizeof(header));
  return header;
}

// As the next version may write it: a longer header, and a field that this one does not know.
std::string OfNextVersion(std::string_view message, bool required) {
  wire::Header header = HeaderOf(message);
  std::string fields(message.substr(header.header_bytes));
  const wire::FieldHeader unknown{1000, 0, 8};
  fields.append(reinterpret_cast<const char*>(&unknown), sizeof(unknown)).append(8, '?');
  ++header.version;
  if (required) header.oldest = header.version;
  header.header_bytes += 8;
  header.field_bytes = fields.size();
  header.checksum = base::Crc32c(fields);
  return std::string(reinterpret_cast<const char*>(&header), sizeof(header))
      .append(8, '?')
      .append(fields);
}

}  // namespace
}  // namespace skyhook

using Replied = arrow::Result<std::string>;
using Requested = arrow::Result<skyhook::wire::Request>;

extern "C" {

Replied __real__ZN7skyhook4wire11EncodeReplyB5cxx11ERKNS0_5ReplyENS0_5CodecEl(
    const skyhook::wire::Reply& reply, skyhook::wire::Codec codec, int64_t message_bytes);
Requested
__real__ZN7skyhook4wire13DecodeRequestESt17basic_string_viewIcSt11char_traitsIcEEPNS0_15ParsedPipelinesE(
    std::string_view message, skyhook::wire::ParsedPipelines* parsed);
arrow::Status __real__ZN7skyhook6worker7Channel8SayReadyEv(skyhook::worker::Channel* channel);

// "newer" is understood by clients of this version, "newest" is not.
Replied __wrap__ZN7skyhook4wire11EncodeReplyB5cxx11ERKNS0_5ReplyENS0_5CodecEl(
    const skyhook::wire::Reply& reply, skyhook::wire::Codec codec, int64_t message_bytes) {
  Replied message = __real__ZN7skyhook4wire11EncodeReplyB5cxx11ERKNS0_5ReplyENS0_5CodecEl(
      reply, codec, message_bytes);
  if (!message.ok() || (!skyhook::Is("newer") && !skyhook::Is("newest"))) return message;
  return skyhook::OfNextVersion(*message, skyhook::Is("newest"));
}

// "older" does not understand clients of this version: what they write is of the next one to it.
Requested
__wrap__ZN7skyhook4wire13DecodeRequestESt17basic_string_viewIcSt11char_traitsIcEEPNS0_15ParsedPipelinesE(
    std::string_view message, skyhook::wire::ParsedPipelines* parsed) {
  const bool older = skyhook::Is("older");
  return __real__ZN7skyhook4wire13DecodeRequestESt17basic_string_viewIcSt11char_traitsIcEEPNS0_15ParsedPipelinesE(
      older ? skyhook::OfNextVersion(message, true) : message, parsed);
}

// "other protocol" is a worker that its class does not understand.
arrow::Status __wrap__ZN7skyhook6worker7Channel8SayReadyEv(skyhook::worker::Channel* channel) {
  if (!skyhook::Is("other protocol")) {
    return __real__ZN7skyhook6worker7Channel8SayReadyEv(channel);
  }
  skyhook::lending::Message ready;
  ++ready.protocol;
  const ssize_t sent = ::send(skyhook::lending::kSocket, &ready, sizeof(ready), MSG_NOSIGNAL);
  return sent == static_cast<ssize_t>(sizeof(ready)) ? arrow::Status::OK()
                                                     : arrow::Status::IOError("send");
}

}  // extern "C"
