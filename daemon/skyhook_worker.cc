// skyhook-worker [NICENESS]: runs pipelines beside one OSD. The object class starts it, with a
// socket and a window of shared memory (skyhook/worker/message.h); it is of no use by hand.
//
// skyhook-worker --listen PATH [NICENESS]: starts such workers for whoever connects to the socket
// PATH and may, in the control group and the container of this process.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <system_error>

#include "daemon/channel.h"
#include "daemon/listener.h"
#include "daemon/objects.h"
#include "daemon/sandbox.h"
#include "daemon/scan.h"
#include "skyhook/base/status.h"

namespace skyhook::daemon {
namespace {

arrow::Status Serve(const SandboxOptions& sandbox) {
  ARROW_ASSIGN_OR_RAISE(Channel channel, Channel::Open());
  ARROW_RETURN_NOT_OK(EnterSandbox(sandbox));
  ARROW_RETURN_NOT_OK(channel.SayReady());
  Objects objects(&channel);
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const Call call, channel.NextCall());
    ARROW_ASSIGN_OR_RAISE(const std::string reply, Scan(call, &objects));
    ARROW_RETURN_NOT_OK(channel.Reply(reply));
  }
}

// Not what it was called by, which may be relative.
std::string OwnPath() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).string();
}

}  // namespace
}  // namespace skyhook::daemon

int main(int argc, char** argv) {
  using namespace skyhook;
  // Arrow's other pools reserve more address space than a worker may have.
  setenv("ARROW_DEFAULT_MEMORY_POOL", "system", 1);
  const bool listens = argc > 2 && std::strcmp(argv[1], "--listen") == 0;
  const char* niceness = argc > (listens ? 3 : 1) ? argv[argc - 1] : "5";
  const arrow::Status status = listens ? daemon::Listen(argv[2], daemon::OwnPath(), niceness)
                                       : daemon::Serve({.niceness = std::atoi(niceness)});
  // The worker ends with its class.
  if (base::Is(status, base::Code::kUnreachable)) return 0;
  std::fprintf(stderr, "skyhook-worker: %s\n", status.ToString().c_str());
  return 1;
}
