#include "cls/settings.h"

#include <rados/objclass.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

namespace skyhook::cls {
namespace {

template <typename T>
void Read(const char* name, int64_t least, int64_t most, T* value) {
  const char* text = std::getenv(name);
  if (text == nullptr) return;
  char* end = nullptr;
  errno = 0;
  const long long number = std::strtoll(text, &end, 10);
  if (errno != 0 || end == text || *end != '\0' || number < least || number > most) {
    cls_log(0, "skyhook: %s is '%s', which is no number from %lld to %lld; it stays %lld", name,
            text, static_cast<long long>(least), static_cast<long long>(most),
            static_cast<long long>(*value));
    return;
  }
  *value = static_cast<T>(number);
}

}  // namespace

Settings SettingsOfEnvironment() {
  Settings settings;
  if (const char* worker = std::getenv("SKYHOOK_WORKER"); worker != nullptr) {
    settings.worker = worker;
  }
  Read("SKYHOOK_CALLS", 1, 64, &settings.calls);
  Read("SKYHOOK_DEADLINE_MS", 1, 10'000, &settings.deadline_ms);
  Read("SKYHOOK_READS_MS", 1, 10'000, &settings.reads_ms);
  Read("SKYHOOK_REPLY_BYTES", 1 << 16, 64 << 20, &settings.reply_bytes);
  Read("SKYHOOK_QUARANTINE_S", 0, 86'400, &settings.quarantine_s);
  Read("SKYHOOK_NICE", 0, 19, &settings.niceness);
  return settings;
}

int64_t GraceMs(const Settings& settings) { return std::max(settings.deadline_ms / 2, 50); }

}  // namespace skyhook::cls
