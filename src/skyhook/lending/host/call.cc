#include "skyhook/lending/host/call.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "skyhook/wire/header.h"

namespace skyhook::lending {

int Call::Run(std::string_view request) {
  std::memcpy(worker_->window(), request.data(), request.size());
  // Gone before it heard of the call: not the request's doing.
  if (const int error = worker_->Send(call_, deadline_ms_); error < 0) return error;
  const int error = Converse();
  if (worker_is_busy_) {
    worker_is_idle_ = true;
    return -EBUSY;
  }
  if (error < 0) return disk_is_slow() ? error : Failed(error);
  if (!IsReply()) return Failed(-EPROTO);
  worker_is_idle_ = true;
  return object_error_;
}

int Call::Converse() {
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
      error = TakePart(message.bytes);
      answer.kind = Kind::kGoOn;
    }
    worker_is_at_work_ = message.kind == Kind::kReplyEnd && message.result == kGoesOn;
    if (error < 0 || message.kind == Kind::kReplyEnd) return error;
    if (error = worker_->Send(answer, deadline_ms_); error < 0) return error;
  }
}

// Puts the ranges into the window. An error of the object goes to the worker, who asked.
int Call::Read(const Message& asked, Message* answer) {
  if (asked.num_ranges > kMostRanges) return -EPROTO;
  int result = 0;
  for (uint32_t i = 0; i < asked.num_ranges && result == 0; ++i) {
    const Range& range = asked.ranges[i];
    if (!MayRead(range)) return -EPROTO;
    if (range.bytes == 0) continue;
    const int64_t begin_ms = NowMs();
    if (begin_ms >= deadline_ms_) return -ETIMEDOUT;
    result = caller_->Read(range.offset, range.bytes, worker_->window() + range.place);
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

bool Call::MayRead(const Range& range) const {
  return range.place <= kWindowBytes && range.bytes <= kWindowBytes - range.place &&
         range.offset <= call_.object_bytes && range.bytes <= call_.object_bytes - range.offset;
}

int Call::TakePart(uint64_t bytes) {
  if (bytes > kWindowBytes || bytes > call_.reply_bytes - reply_bytes_) return -EPROTO;
  caller_->Take(worker_->window(), bytes);
  reply_bytes_ += bytes;
  return 0;
}

bool Call::IsReply() const {
  wire::Header header;
  return caller_->Front(sizeof(header), &header) &&
         wire::IsFrame(header, wire::kReplyMagic, reply_bytes_);
}

}  // namespace skyhook::lending
