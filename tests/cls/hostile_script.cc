#include "tests/cls/hostile_script.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <limits>

namespace skyhook::cls {

using lending::Kind;
using lending::kWindowBytes;
using lending::Message;
using lending::Range;
using lending::WorkerEnd;

namespace {

enum Step : uint8_t {
  kHear,
  kAsk,
  kPart,
  kEnd,
  kAnswer,
  kBusy,
  kAnyKind,
  kPacket,
  kWrite,
  kScribble,
  kChangeWindow,
  kShutdown,
  kHang,
  kClose,
  kSteps
};

// What the first bytes mean for Number().
enum Constant : uint8_t { kZero, kOne, kWindow, kObject, kLargest };

// Goes on while the class reads what lies there.
void Scribble(uint8_t* window) {
  for (uint32_t i = 0; i < 2000; ++i) {
    window[i % 64] = static_cast<uint8_t>(i);
    window[i * 7919 % kWindowBytes] = static_cast<uint8_t>(i);
  }
}

}  // namespace

void HostileScript::Play(WorkerEnd* end) {
  // Most workers get beyond their first word.
  if (Byte() % 8 != 7 && !end->Say(Kind::kReady)) return;
  while (!over() && TakeStep(end)) {
  }
}

bool HostileScript::TakeStep(WorkerEnd* end) {
  switch (Byte() % kSteps) {
    case kHear:  // where both wait, the worker ends
      return end->HearSoon();
    case kAsk:
      return AskForRanges(end);
    case kPart:
      return end->Say(Kind::kReplyPart, Number());
    case kEnd:
      return end->Say(Kind::kReplyEnd, Number());
    case kAnswer:
      return end->Say(Kind::kReplyEnd, end->FrameReply(Byte()));
    case kBusy:
      return end->Say(Kind::kBusy, Number());
    case kAnyKind:
      return end->Say(static_cast<Kind>(Number()), Number());
    case kPacket:
      return SayPacket(end);
    case kWrite:
      WriteWindow(end);
      return true;
    case kScribble:
      Scribble(end->bytes());
      return true;
    case kChangeWindow:
      ChangeWindow(end);
      return true;
    case kShutdown:
      return shutdown(end->socket(), Byte() % 3) == 0;
    case kHang:  // seldom, for it takes as long as the deadline
      if (Byte() % 8 == 0) end->Hang();
      return false;
    default:
      return false;
  }
}

bool HostileScript::AskForRanges(WorkerEnd* end) {
  Message message;
  message.kind = Kind::kRead;
  const uint8_t count = Byte();
  message.num_ranges = count < 240 ? count % 8 : static_cast<uint32_t>(Number());
  for (int i = 0; i < 8 && i < static_cast<int>(message.num_ranges); ++i) {
    Range& range = message.ranges[i];
    range = {Number(), static_cast<uint32_t>(Number()), static_cast<uint32_t>(Number())};
  }
  return end->Say(message);
}

bool HostileScript::SayPacket(WorkerEnd* end) {
  std::string packet(Number() % (2 * sizeof(Message)), static_cast<char>(Byte()));
  const size_t given = std::min<size_t>({packet.size(), Byte(), bytes_.size() - at_});
  std::memcpy(packet.data(), bytes_.data() + at_, given);
  at_ += given;
  return end->SayBytes(packet);
}

void HostileScript::WriteWindow(WorkerEnd* end) {
  const uint64_t place = Number() % kWindowBytes;
  const size_t given = std::min<size_t>({kWindowBytes - place, Byte(), bytes_.size() - at_});
  std::memcpy(end->bytes() + place, bytes_.data() + at_, given);
  at_ += given;
}

// None of these may do more than change what is in it.
void HostileScript::ChangeWindow(WorkerEnd* end) {
  const auto size = static_cast<off_t>(Number() % (2 * kWindowBytes));
  const uint8_t how = Byte();
  [[maybe_unused]] const int result =
      how % 3 == 0   ? ftruncate(end->window(), size)
      : how % 3 == 1 ? fcntl(end->window(), F_ADD_SEALS, Byte())
                     : fallocate(end->window(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
                                 std::max<off_t>(size, 1));
}

uint8_t HostileScript::Byte() { return over() ? 0 : bytes_[at_++]; }

uint64_t HostileScript::Number() {
  const uint64_t constants[] = {0,
                                1,
                                kWindowBytes,
                                object_bytes_,
                                std::numeric_limits<uint64_t>::max(),
                                kWindowBytes + 1,
                                kWindowBytes - 1,
                                object_bytes_ + 1,
                                object_bytes_ - 1,
                                std::numeric_limits<int>::max(),
                                std::numeric_limits<uint32_t>::max(),
                                uint64_t{1} << 32,
                                uint64_t{1} << 63,
                                lending::kMostRanges,
                                lending::kLeastReplyBytes};
  const uint8_t how = Byte();
  if (how < 128) return constants[how % std::size(constants)];
  uint64_t number = 0;
  for (int i = 0; i <= how % 4; ++i) number = number << 8 | Byte();
  return number;
}

std::vector<std::string> HostileScripts() {
  // Each a ready worker that hears of its call.
  const std::vector<std::vector<uint8_t>> scripts = {
      {0, kHear, kAnswer, 9, kHear, kAnswer, 0},
      {0, kHear, kAsk, 1, kZero, kObject, kZero, kHear, kAnswer, 99},
      {0, kHear, kAsk, 2, kOne, kOne, kZero, kZero, kZero, kWindow, kHear, kAnswer, 1},
      {0, kHear, kAsk, 1, kOne, kObject, kZero},
      {0, kHear, kAsk, 1, kLargest, kOne, kZero},
      {0, kHear, kAsk, 1, kZero, kObject, kWindow},
      {0, kHear, kAsk, 255, kLargest},
      {0, kHear, kPart, kWindow, kHear, kPart, kWindow, kHear, kEnd, kWindow},
      {0, kHear, kPart, kZero, kHear, kPart, kOne, kHear, kPart, kLargest},
      {0, kHear, kEnd, kLargest},
      {0, kHear, kAnyKind, kLargest, kZero},
      {0, kHear, kPacket, 200, 9, 3, 5, 1, 2, 3, 4, 5},
      {0, kHear, kPacket, kZero, 0, 0},
      {0, kHear, kAnswer, 8, kAnswer, 8, kHear, kClose},
      {0, kHear, kAsk, 1, kZero, kObject, kZero, kScribble, kHear, kScribble, kAnswer, 3},
      {0, kHear, kWrite, kZero, 4, 'S', 'K', 'R', 'P', kEnd, 255, 40},
      {0, kChangeWindow, kZero, 0, kChangeWindow, kZero, 1, 8, kHear, kAnswer, 8},
      {0, kHear, kChangeWindow, kWindow, 2, kAnswer, 200},
      {0, kHear, kShutdown, 0, kAnswer, 1},
      {0, kHear, kShutdown, 1},
      {0, kHear, kShutdown, 2},
      {0, kHear, kHang},
      {0, kClose},
      {7, kPacket, 200, 4, 0, 0},
      {7, kHang},
  };
  std::vector<std::string> out;
  for (const auto& script : scripts) out.emplace_back(script.begin(), script.end());
  return out;
}

}  // namespace skyhook::cls
