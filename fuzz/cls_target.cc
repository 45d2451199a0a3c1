#include "fuzz/target.h"
#include "tests/cls/fake_osd.h"
#include "tests/cls/hostile_script.h"
#include "tests/cls/requests.h"
#include "tests/cls/worker_end.h"

namespace skyhook::fuzz {
namespace {

constexpr size_t kObjectBytes = 1000;
constexpr int kCalls = 4;

cls::Settings HastySettings() {
  cls::Settings settings;
  settings.calls = 1;  // scripts play one worker at a time
  settings.deadline_ms = 1;
  settings.quarantine_s = 0;
  return settings;
}

void Run(Bytes input) {
  static const cls::Settings settings = HastySettings();
  static const std::string request = cls::Encoded(1);
  cls::FakeObject object{.bytes = std::string(kObjectBytes, 'x')};
  cls::HostileScript script(input, kObjectBytes);
  lending::WorkerThreads threads([&](lending::WorkerEnd* end) { script.Play(end); });
  cls::ObjectClass object_class(settings, threads.starter());
  for (int i = 0; i < kCalls; ++i) {
    const cls::Called called = cls::CallScan(&object_class, settings, &object, request);
    Check(called.broken.empty(), "the object class: " + called.broken);
  }
}

}  // namespace

const Target kClsTarget{"cls", Run, cls::HostileScripts, nullptr};

}  // namespace skyhook::fuzz
