// skyhook-worker [NICENESS]: runs pipelines beside one OSD. The object class starts it, with a
// socket and a window of shared memory (skyhook/lending/message.h); it is of no use by hand.
//
// skyhook-worker --listen PATH [NICENESS]: starts such workers for whoever connects to the socket
// PATH and may, in the control group and the container of this process.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>

#include "skyhook/base/status.h"
#include "worker/conversation.h"
#include "worker/kept_scans.h"
#include "worker/listener.h"
#include "worker/objects.h"
#include "worker/sandbox.h"
#include "worker/scan.h"

namespace skyhook::worker {
namespace {

// What no call has gone on with for so long, none will.
constexpr int kKeptMs = 1000;

arrow::Status Serve(const SandboxOptions& sandbox) {
  ARROW_ASSIGN_OR_RAISE(Conversation* const conversation, Conversation::Open());
  ARROW_RETURN_NOT_OK(EnterSandbox(sandbox));
  ARROW_RETURN_NOT_OK(conversation->SayReady());
  Objects objects(conversation);
  KeptScans kept;
  while (true) {
    if (!kept.empty() && !conversation->Hears(kKeptMs)) kept.Clear();
    ARROW_ASSIGN_OR_RAISE(const Call call, conversation->NextCall());
    const ScanKey key = KeyOf(call);
    std::optional<std::string> reply = kept.TakeReply(key, call.reply_bytes);
    if (!reply.has_value()) {
      ARROW_ASSIGN_OR_RAISE(reply, Scan(call, key, conversation->stop(), &objects, &kept));
    }
    ARROW_ASSIGN_OR_RAISE(const Replied replied, conversation->Reply(*reply));
    if (replied == Replied::kEarly) kept.KeepReply(key, *std::move(reply));
  }
}

// Not what it was called by, which may be relative.
std::string OwnPath() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).string();
}

}  // namespace
}  // namespace skyhook::worker

int main(int argc, char** argv) {
  using namespace skyhook;
  // Arrow's other pools reserve more address space than a worker may have.
  setenv("ARROW_DEFAULT_MEMORY_POOL", "system", 1);
  const bool listens = argc > 2 && std::strcmp(argv[1], "--listen") == 0;
  const char* niceness = argc > (listens ? 3 : 1) ? argv[argc - 1] : "10";
  const arrow::Status status = listens ? worker::Listen(argv[2], worker::OwnPath(), niceness)
                                       : worker::Serve({.niceness = std::atoi(niceness)});
  // The worker ends with its class. Its second thread still runs: nothing is taken down.
  if (base::Is(status, base::Code::kUnreachable)) std::_Exit(0);
  std::fprintf(stderr, "skyhook-worker: %s\n", status.ToString().c_str());
  std::_Exit(1);
}
