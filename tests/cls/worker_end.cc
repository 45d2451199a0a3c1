#include "tests/cls/worker_end.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "skyhook/wire/header.h"

namespace skyhook::lending {

WorkerEnd::WorkerEnd(int socket, int window) : socket_(socket), window_(window) {
  void* mapped = mmap(nullptr, kWindowBytes, PROT_READ | PROT_WRITE, MAP_SHARED, window_, 0);
  if (mapped != MAP_FAILED) bytes_ = static_cast<uint8_t*>(mapped);
}

WorkerEnd::~WorkerEnd() {
  if (bytes_ != nullptr) munmap(bytes_, kWindowBytes);
  close(socket_);
  close(window_);
}

bool WorkerEnd::Hear(Message* message) {
  return recv(socket_, message, sizeof(*message), 0) == static_cast<ssize_t>(sizeof(*message));
}

bool WorkerEnd::HearSoon() {
  constexpr int kShortMs = 5;
  pollfd poll_for{socket_, POLLIN, 0};
  Message message;
  return poll(&poll_for, 1, kShortMs) == 1 && Hear(&message);
}

bool WorkerEnd::Say(const Message& message) {
  return SayBytes({reinterpret_cast<const char*>(&message), sizeof(message)});
}

bool WorkerEnd::Say(Kind kind, uint64_t bytes) {
  Message message;
  message.kind = kind;
  message.bytes = bytes;
  return Say(message);
}

bool WorkerEnd::SayBytes(std::string_view bytes) {
  return send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL) >= 0;
}

uint64_t WorkerEnd::FrameReply(uint32_t body_bytes) {
  wire::Header header;
  header.magic = wire::kReplyMagic;
  header.field_bytes = body_bytes;
  std::memcpy(bytes_, &header, sizeof(header));
  return sizeof(header) + body_bytes;
}

void WorkerEnd::Hang() {
  pollfd poll_for{socket_, 0, 0};
  while (poll(&poll_for, 1, -1) < 0 && errno == EINTR) {
  }
}

bool WorkerEnd::Begin() {
  Message call;
  return Say(Kind::kReady) && Hear(&call);
}

WorkerThreads::WorkerThreads(std::function<void(WorkerEnd*)> behaviour)
    : behaviour_(std::move(behaviour)) {}

WorkerThreads::~WorkerThreads() {
  if (thread_.joinable()) thread_.join();
}

StartWorker WorkerThreads::starter() {
  return [this](int socket, int window, WorkerHold*) { return Start(socket, window); };
}

// The class ends one worker before it starts the next, as long as it serves one call at a time.
int WorkerThreads::Start(int socket, int window) {
  if (thread_.joinable()) thread_.join();
  ++started_;
  const int mine = fcntl(socket, F_DUPFD_CLOEXEC, 0);
  const int my_window = fcntl(window, F_DUPFD_CLOEXEC, 0);
  if (mine < 0 || my_window < 0) return -errno;
  thread_ = std::thread([this, mine, my_window] {
    WorkerEnd end(mine, my_window);
    behaviour_(&end);
  });
  return 0;
}

}  // namespace skyhook::lending
