#include "cls/call.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "skyhook/wire/header.h"

namespace skyhook::cls {

using lending::Kind;
using lending::kWindowBytes;
using lending::Message;

namespace {

// Copies the first `size` bytes; false when there are not as many. Of Ceph's functions it needs
// fewer than the iterators of bufferlists.
bool CopyFront(const ceph::bufferlist& bytes, size_t size, void* out) {
  auto* to = static_cast<char*>(out);
  for (const auto& part : bytes.buffers()) {
    const size_t copied = std::min<size_t>(size, part.length());
    std::memcpy(to, part.c_str(), copied);
    to += copied;
    size -= copied;
    if (size == 0) return true;
  }
  return false;
}

// Whether the bytes are framed as a reply. What is in it is for the client to judge.
bool IsReply(const ceph::bufferlist& bytes) {
  wire::Header header;
  return CopyFront(bytes, sizeof(header), &header) &&
         wire::IsFrame(header, wire::kReplyMagic, bytes.length());
}

}  // namespace

int Call::Run(std::string_view request, ceph::bufferlist* out) {
  std::memcpy(worker_->window(), request.data(), request.size());
  // Gone before it heard of the call: not the request's doing.
  if (const int error = worker_->Send(call_, deadline_ms_); error < 0) return error;
  const int error = Converse(out);
  if (worker_is_busy_) {
    worker_is_idle_ = true;
    return -EBUSY;
  }
  if (error < 0) return disk_is_slow() ? error : Failed(error);
  if (!IsReply(*out)) return Failed(-EPROTO);
  worker_is_idle_ = true;
  return object_error_;
}

int Call::Converse(ceph::bufferlist* out) {
  while (true) {
    Message message;
    Message answer;
    if (const int error = worker_->Receive(&message, deadline_ms_); error < 0) return error;
    int error = -EPROTO;
    if (message.kind == Kind::kBusy) {
      worker_is_busy_ = true;
      return 0;
    }
    if (message.kind == Kind::kRead) {
      error = Read(message, &answer);
    } else if (message.kind == Kind::kReplyPart || message.kind == Kind::kReplyEnd) {
      error = TakePart(message.bytes, out);
      answer.kind = Kind::kGoOn;
    }
    worker_is_at_work_ = message.kind == Kind::kReplyEnd && message.result == lending::kGoesOn;
    if (error < 0 || message.kind == Kind::kReplyEnd) return error;
    if (error = worker_->Send(answer, deadline_ms_); error < 0) return error;
  }
}

// Puts the ranges into the window. An error of the object goes to the worker, who asked.
int Call::Read(const Message& asked, Message* answer) {
  if (asked.num_ranges > lending::kMostRanges) return -EPROTO;
  int result = 0;
  for (uint32_t i = 0; i < asked.num_ranges && result == 0; ++i) {
    if (!MayRead(asked.ranges[i])) return -EPROTO;
    const int64_t begin_ms = NowMs();
    if (begin_ms >= deadline_ms_) return -ETIMEDOUT;
    result = ReadRange(asked.ranges[i]);
    const int64_t took_ms = NowMs() - begin_ms;
    deadline_ms_ += took_ms;
    reads_left_ms_ -= took_ms;
    if (disk_is_slow()) return -ETIMEDOUT;
  }
  object_error_ = std::min(object_error_, result);
  answer->kind = Kind::kReadDone;
  answer->result = result;
  return 0;
}

bool Call::MayRead(const lending::Range& range) const {
  return range.place <= kWindowBytes && range.bytes <= kWindowBytes - range.place &&
         range.offset <= call_.object_bytes && range.bytes <= call_.object_bytes - range.offset;
}

int Call::ReadRange(const lending::Range& range) {
  if (range.bytes == 0) return 0;
  ceph::bufferlist bytes;
  const int got =
      cls_cxx_read(context_, static_cast<int>(range.offset), static_cast<int>(range.bytes), &bytes);
  if (got < 0) return got;
  if (bytes.length() != range.bytes) return -ENODATA;
  uint8_t* to = worker_->window() + range.place;
  for (const auto& part : bytes.buffers()) {
    std::memcpy(to, part.c_str(), part.length());
    to += part.length();
  }
  return 0;
}

int Call::TakePart(uint64_t bytes, ceph::bufferlist* out) {
  if (bytes > kWindowBytes || bytes > call_.reply_bytes - out->length()) return -EPROTO;
  out->append(reinterpret_cast<const char*>(worker_->window()), static_cast<unsigned>(bytes));
  return 0;
}

}  // namespace skyhook::cls
