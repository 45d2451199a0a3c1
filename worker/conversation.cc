#include "worker/conversation.h"

#include <unistd.h>

#include <thread>

#include "skyhook/base/status.h"
#include "skyhook/wire/reply.h"

namespace skyhook::worker {

using arrow::Result;
using arrow::Status;
using std::chrono::milliseconds;

namespace {

// A client that was told to ask again does so at once: one that has not by then is gone.
constexpr milliseconds kAbandoned(200);
// Work that got nowhere for so long hangs: the class is told nothing, and ends the worker. Workers
// may have a small share of a busy core.
constexpr milliseconds kHung(5000);
// How often a call is looked at that cannot be paused at the moment.
constexpr milliseconds kLookAgain(1);
// An object is read in pieces of about this size, and of what is asked for by one message, between
// which a call may pause.
constexpr int64_t kPieceBytes = int64_t{1} << 20;

// Waits until `is_true`. Not by condition_variable::wait, which newer compilers take from a newer
// runtime library than the OSD package may need (tools/check_symbols).
template <typename Predicate>
void WaitUntil(std::condition_variable* changed, std::unique_lock<std::mutex>* lock,
               Predicate is_true) {
  while (!is_true()) changed->wait_for(*lock, std::chrono::hours(1));
}

// As many ranges from `first` on as make a piece.
std::vector<base::ByteRange> PieceOf(const std::vector<base::ByteRange>& ranges, size_t first) {
  std::vector<base::ByteRange> piece;
  for (int64_t bytes = 0;
       first < ranges.size() && bytes < kPieceBytes && piece.size() < lending::kMostRanges;
       ++first) {
    piece.push_back(ranges[first]);
    bytes += ranges[first].length;
  }
  return piece;
}

}  // namespace

Result<Conversation*> Conversation::Open() {
  ARROW_ASSIGN_OR_RAISE(Channel channel, Channel::Open());
  auto* const conversation = new Conversation(std::move(channel));
  std::thread([conversation] { conversation->Watch(); }).detach();
  // Threads make system calls before they do anything else, which they may not make later.
  Lock lock(conversation->mutex_);
  WaitUntil(&conversation->changed_, &lock, [&] { return conversation->watches_; });
  return conversation;
}

namespace {

// A worker that cannot wait for the class cannot serve it either.
bool HearsOrEnds(const Channel& channel, int ms) {
  const auto hears = channel.Hears(ms);
  if (!hears.ok()) ::_exit(1);
  return *hears;
}

}  // namespace

bool Conversation::Hears(int ms) {
  Lock lock(mutex_);
  if (state_ == State::kIdle) {
    lock.unlock();
    return HearsOrEnds(channel_, ms);
  }
  return changed_.wait_for(lock, milliseconds(ms), [this] { return heard_.has_value(); });
}

Result<Call> Conversation::NextCall() {
  Lock lock(mutex_);
  if (state_ == State::kIdle) {
    lock.unlock();
    ARROW_ASSIGN_OR_RAISE(Call call, channel_.NextCall());
    lock.lock();
    Begin(call);
    return call;
  }
  WaitUntil(&changed_, &lock, [this] { return heard_.has_value(); });
  Call call = *std::move(heard_);
  heard_.reset();
  return call;
}

void Conversation::Begin(const Call& call) {
  state_ = State::kServing;
  key_ = KeyOf(call);
  may_pause_ = key_.is_of_scan();
  reply_bytes_ = call.reply_bytes;
  progress_ = Clock::now();
  PauseAt(progress_ + milliseconds(call.deadline_ms));
}

void Conversation::PauseAt(Clock::time_point until) {
  until_ = until;
  if (watch_sleeps_ || until_ < watch_until_) watch_changed_.notify_one();
}

Result<base::Buffers> Conversation::Read(const std::vector<base::ByteRange>& ranges) {
  base::Buffers buffers;
  Lock lock(mutex_);
  while (buffers.size() < ranges.size()) {
    progress_ = Clock::now();
    if (!buffers.empty() && state_ == State::kServing && may_pause_ && progress_ >= until_) {
      SayAtWork();
    }
    WaitUntil(&changed_, &lock, [this] { return state_ == State::kServing || abandoned_; });
    if (abandoned_) return Status::Cancelled("nobody waits for the call any more");
    speaking_ = true;
    lock.unlock();
    auto piece = channel_.Read(PieceOf(ranges, buffers.size()));
    lock.lock();
    speaking_ = false;
    ARROW_RETURN_NOT_OK(piece);
    buffers.insert(buffers.end(), piece->begin(), piece->end());
  }
  progress_ = Clock::now();
  return buffers;
}

Result<Replied> Conversation::Reply(std::string_view reply) {
  Lock lock(mutex_);
  if (state_ == State::kAtWork) {
    state_ = State::kWaiting;
    if (!abandoned_) return Replied::kEarly;
    abandoned_ = false;
    stop_.Reset();
    return Replied::kAbandoned;
  }
  speaking_ = true;
  lock.unlock();
  const Status sent = channel_.Reply(reply);
  lock.lock();
  speaking_ = false;
  state_ = State::kIdle;
  ARROW_RETURN_NOT_OK(sent);
  return Replied::kSent;
}

void Conversation::SayAtWork() {
  wire::Reply reply;
  reply.outcome.stopped_by = plan::StoppedBy::kDeadline;
  reply.outcome.remaining = key_.slice;
  reply.outcome.remaining.at_work = true;
  const auto message = wire::EncodeReply(reply, wire::Codec::kNone, reply_bytes_);
  if (!message.ok()) {
    may_pause_ = false;  // it has so many ranges that the reply would be too large
    return;
  }
  // The worker ends with its class.
  if (!channel_.Reply(*message, /*goes_on=*/true).ok()) ::_exit(0);
  state_ = State::kAtWork;
  told_ = Clock::now();
  watch_changed_.notify_one();
}

void Conversation::Watch() {
  Lock lock(mutex_);
  watches_ = true;
  changed_.notify_one();
  while (true) {
    if (state_ == State::kAtWork || state_ == State::kWaiting) {
      HearCall(&lock);
    } else if (state_ == State::kServing && may_pause_) {
      WatchCall(&lock);
    } else {
      watch_sleeps_ = true;
      const auto is_called = [this] { return state_ != State::kIdle && may_pause_; };
      WaitUntil(&watch_changed_, &lock, is_called);
      watch_sleeps_ = false;
    }
  }
}

void Conversation::WatchCall(Lock* lock) {
  const auto now = Clock::now();
  if (now < until_) {
    watch_until_ = until_;
    watch_changed_.wait_until(*lock, watch_until_);
  } else if (speaking_ || now - progress_ > kHung) {
    watch_changed_.wait_for(*lock, kLookAgain);
  } else {
    SayAtWork();
  }
}

void Conversation::HearCall(Lock* lock) {
  const int ms = state_ == State::kAtWork ? static_cast<int>(kAbandoned.count()) : -1;
  lock->unlock();
  const bool hears = HearsOrEnds(channel_, ms);
  if (hears) {
    auto call = channel_.NextCall();
    if (!call.ok()) ::_exit(0);
    lock->lock();
    TakeHeard(*std::move(call));
  } else {
    lock->lock();
  }
  if (state_ != State::kAtWork) return;
  // Calls of others do not keep it alive.
  const auto now = Clock::now();
  if (now - told_ >= kAbandoned) {
    abandoned_ = true;
    stop_.RequestStop();
    changed_.notify_one();
  }
  // It does not stop, and nobody waits who would have it ended.
  if (abandoned_ && now - progress_ > kHung) ::_exit(1);
}

void Conversation::TakeHeard(Call call) {
  if (state_ == State::kWaiting) {
    Begin(call);
    heard_ = std::move(call);
    changed_.notify_one();
  } else if (!abandoned_ && KeyOf(call) == key_ && call.reply_bytes >= reply_bytes_) {
    state_ = State::kServing;
    PauseAt(Clock::now() + milliseconds(call.deadline_ms));
    changed_.notify_one();
  } else if (!channel_.SayBusy().ok()) {
    ::_exit(0);
  }
}

}  // namespace skyhook::worker
