#include "daemon/call_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "skyhook/base/exceptions.h"

namespace skyhook::daemon {
namespace {

constexpr size_t kMostText = 200;

// In quotes; what a client sends must not look like a line of ours.
std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text.substr(0, kMostText)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte >= 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  return out + (text.size() > kMostText ? "...\"" : "\"");
}

}  // namespace

CallRecord::CallRecord(const Log* log, const char* verb, std::string peer, std::string caller)
    : log_(log), verb_(verb), peer_(std::move(peer)), caller_(std::move(caller)) {}

void CallRecord::Asked(std::string_view text) {
  asked_ = text.substr(0, kMostText + 1);  // one more says that there is more
}

CallRecord::~CallRecord() {
  const auto took = std::chrono::steady_clock::now() - begun_;
  base::UnlessMemoryLacks([&] {
    (*log_)(fmt::format("call={} peer={} who={} asked={} rows={} bytes={} ms={:.1f} ended={}",
                        verb_, peer_, Quoted(caller_), Quoted(asked_), rows_, bytes_,
                        std::chrono::duration<double, std::milli>(took).count(), Quoted(ended_)));
  });
}

}  // namespace skyhook::daemon
