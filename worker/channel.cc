#include "worker/channel.h"

#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "skyhook/base/status.h"

namespace skyhook::worker {

using arrow::Result;
using arrow::Status;
using lending::Kind;
using lending::kWindowBytes;
using lending::Message;

namespace {

Status Gone(const char* what) {
  return base::MakeStatus(base::Code::kUnreachable, fmt::format("the object class is gone: {}: {}",
                                                                what, std::strerror(errno)));
}

// A piece of a range, to be copied from its place in the window.
struct Piece {
  size_t buffer;
  int64_t begin;  // in the buffer
  lending::Range range;
};

// Ranges as pieces of at most a window.
std::vector<Piece> PiecesOf(const std::vector<base::ByteRange>& ranges) {
  std::vector<Piece> pieces;
  for (size_t i = 0; i < ranges.size(); ++i) {
    for (int64_t begin = 0; begin < ranges[i].length; begin += kWindowBytes) {
      const int64_t bytes = std::min<int64_t>(ranges[i].length - begin, kWindowBytes);
      pieces.push_back(
          {i,
           begin,
           {static_cast<uint64_t>(ranges[i].offset + begin), static_cast<uint32_t>(bytes), 0}});
    }
  }
  return pieces;
}

// Places as many pieces from `first` on in the window as fit; the one after them.
size_t Place(size_t first, std::vector<Piece>* pieces, Message* message) {
  uint64_t used = 0;
  size_t next = first;
  for (; next < pieces->size() && message->num_ranges < lending::kMostRanges; ++next) {
    lending::Range& range = (*pieces)[next].range;
    if (used + range.bytes > kWindowBytes) break;
    range.place = static_cast<uint32_t>(used);
    used += range.bytes;
    message->ranges[message->num_ranges++] = range;
  }
  return next;
}

}  // namespace

Result<Channel> Channel::Open() {
  void* mapped =
      ::mmap(nullptr, kWindowBytes, PROT_READ | PROT_WRITE, MAP_SHARED, lending::kWindow, 0);
  if (mapped == MAP_FAILED) {
    return Status::IOError(
        fmt::format("descriptor {} is no window: {}", lending::kWindow, std::strerror(errno)));
  }
  Channel channel;
  channel.window_ = static_cast<uint8_t*>(mapped);
  return channel;
}

Status Channel::Send(const Message& message) {
  while (true) {
    const ssize_t sent = ::send(lending::kSocket, &message, sizeof(message), MSG_NOSIGNAL);
    if (sent == static_cast<ssize_t>(sizeof(message))) return Status::OK();
    if (sent < 0 && errno == EINTR) continue;
    return Gone("send");
  }
}

Status Channel::Receive(Kind expected, Message* message) {
  while (true) {
    const ssize_t got = ::recv(lending::kSocket, message, sizeof(*message), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got != static_cast<ssize_t>(sizeof(*message))) return Gone("recv");
    if (message->kind == expected) return Status::OK();
    return base::MakeStatus(
        base::Code::kUnreachable,
        fmt::format("the object class said {} where {} was due",
                    static_cast<uint32_t>(message->kind), static_cast<uint32_t>(expected)));
  }
}

Status Channel::SayReady() { return Send(Message{}); }

arrow::Result<bool> Channel::Hears(int milliseconds) const {
  pollfd poll_for{lending::kSocket, POLLIN, 0};
  const int heard = ::poll(&poll_for, 1, milliseconds);
  if (heard >= 0) return heard > 0;
  // Whoever waits for longer asks again.
  if (errno == EINTR) return false;
  return Status::IOError("poll: ", std::strerror(errno));
}

Result<Call> Channel::NextCall() {
  Message message;
  ARROW_RETURN_NOT_OK(Receive(Kind::kCall, &message));
  Call call;
  const auto bytes = std::min<uint64_t>(message.bytes, kWindowBytes);
  call.request.assign(reinterpret_cast<const char*>(window_), bytes);
  call.deadline_ms = message.deadline_ms;
  call.object_bytes = static_cast<int64_t>(message.object_bytes);
  call.object_mtime = message.object_mtime;
  call.object_id.assign(message.object_id, ::strnlen(message.object_id, lending::kMostIdBytes));
  call.reply_bytes = static_cast<int64_t>(message.reply_bytes);
  return call;
}

Result<base::Buffers> Channel::Read(const std::vector<base::ByteRange>& ranges) {
  std::vector<std::shared_ptr<arrow::Buffer>> buffers;
  for (const base::ByteRange& range : ranges) {
    ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateBuffer(range.length));
    buffers.push_back(std::move(buffer));
  }
  std::vector<Piece> pieces = PiecesOf(ranges);
  for (size_t first = 0; first < pieces.size();) {
    Message message;
    message.kind = Kind::kRead;
    const size_t next = Place(first, &pieces, &message);
    ARROW_RETURN_NOT_OK(Send(message));
    ARROW_RETURN_NOT_OK(Receive(Kind::kReadDone, &message));
    if (message.result != 0) {
      return Status::IOError(
          fmt::format("cannot read the object: {}", std::strerror(-message.result)));
    }
    for (; first < next; ++first) {
      const Piece& piece = pieces[first];
      std::memcpy(buffers[piece.buffer]->mutable_data() + piece.begin, window_ + piece.range.place,
                  piece.range.bytes);
    }
  }
  return buffers;
}

Status Channel::Reply(std::string_view reply, bool goes_on) {
  while (true) {
    Message message;
    message.bytes = std::min<uint64_t>(reply.size(), kWindowBytes);
    const bool last = message.bytes == reply.size();
    message.kind = last ? Kind::kReplyEnd : Kind::kReplyPart;
    message.result = goes_on ? lending::kGoesOn : 0;
    std::memcpy(window_, reply.data(), message.bytes);
    ARROW_RETURN_NOT_OK(Send(message));
    if (last) return Status::OK();
    reply.remove_prefix(message.bytes);
    ARROW_RETURN_NOT_OK(Receive(Kind::kGoOn, &message));
  }
}

Status Channel::SayBusy() {
  Message message;
  message.kind = Kind::kBusy;
  return Send(message);
}

}  // namespace skyhook::worker
