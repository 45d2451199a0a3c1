// skyhook-worker [NICENESS]: runs pipelines beside one OSD. The object class starts it, with a
// socket and a window of shared memory (skyhook/worker/message.h); it is of no use by hand.
#include <cstdio>
#include <cstdlib>

#include "daemon/channel.h"
#include "daemon/sandbox.h"
#include "daemon/scan.h"
#include "skyhook/base/status.h"

namespace skyhook::daemon {
namespace {

arrow::Status Serve(const SandboxOptions& sandbox) {
  ARROW_ASSIGN_OR_RAISE(Channel channel, Channel::Open());
  ARROW_RETURN_NOT_OK(EnterSandbox(sandbox));
  ARROW_RETURN_NOT_OK(channel.SayReady());
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const Call call, channel.NextCall());
    ARROW_ASSIGN_OR_RAISE(const std::string reply, Scan(call, &channel));
    ARROW_RETURN_NOT_OK(channel.Reply(reply));
  }
}

}  // namespace
}  // namespace skyhook::daemon

int main(int argc, char** argv) {
  using namespace skyhook;
  // Arrow's other pools reserve more address space than a worker may have.
  setenv("ARROW_DEFAULT_MEMORY_POOL", "system", 1);
  daemon::SandboxOptions sandbox;
  if (argc > 1) sandbox.niceness = std::atoi(argv[1]);
  const arrow::Status status = daemon::Serve(sandbox);
  // The worker ends with its class.
  if (base::Is(status, base::Code::kUnreachable)) return 0;
  std::fprintf(stderr, "skyhook-worker: %s\n", status.ToString().c_str());
  return 1;
}
