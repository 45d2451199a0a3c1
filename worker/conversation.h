// The worker's conversation with the object class, in which no call lasts much longer than it may.
//
// The kernel answers at the ends of its units of work, and those may take many times as long as a
// call that holds a placement group should. So a second thread says in time that the call is being
// worked on, and hears the next call of the same scan, which waits for the same answer; the work
// goes on meanwhile.
#pragma once

#include <arrow/util/cancel.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "worker/channel.h"
#include "worker/scan_key.h"

namespace skyhook::worker {

/// What became of a reply.
enum class Replied {
  kSent,
  kEarly,      ///< the class was told to ask again, and has not yet: whoever replied keeps it
  kAbandoned,  ///< nobody asked again in time: it is of no use
};

/// The functions are for the thread that works. Once one fails with kUnreachable the class is gone,
/// and the worker has nothing left to do.
class Conversation {
 public:
  /// Starts the second thread: to be called before threads cannot be started any more. What it
  /// returns lasts as long as the process.
  static arrow::Result<Conversation*> Open();
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;

  arrow::Status SayReady() { return channel_.SayReady(); }
  /// Whether there is a call within so many milliseconds, or the class ends.
  bool Hears(int milliseconds);
  arrow::Result<Call> NextCall();
  /// The bytes of ranges of the call's object, which must hold them. Fails with Cancelled when the
  /// call was abandoned.
  arrow::Result<base::Buffers> Read(const std::vector<base::ByteRange>& ranges);
  /// Ends the call.
  arrow::Result<Replied> Reply(std::string_view reply);

  /// Stops work for a call that was abandoned.
  arrow::StopToken stop() { return stop_.token(); }

 private:
  using Clock = std::chrono::steady_clock;
  using Lock = std::unique_lock<std::mutex>;

  enum class State {
    kIdle,     ///< the thread that works hears the next call
    kServing,  ///< there is a call, for which the class waits
    kAtWork,   ///< there is a call, and the class was told to ask again: the second thread hears it
    kWaiting,  ///< there is no call, and the second thread hears the next one
  };

  explicit Conversation(Channel channel) : channel_(std::move(channel)) {}

  // All with the lock held, by either thread.
  void Begin(const Call& call);
  void PauseAt(Clock::time_point until);
  void SayAtWork();
  // By the second thread.
  void Watch();
  void WatchCall(Lock* lock);
  void HearCall(Lock* lock);
  void TakeHeard(Call call);

  Channel channel_;
  arrow::StopSource stop_;

  std::mutex mutex_;
  std::condition_variable changed_;        // for the thread that works
  std::condition_variable watch_changed_;  // for the second thread
  bool watches_ = false;                   // the second thread has begun
  bool watch_sleeps_ = false;
  Clock::time_point watch_until_;  // else: what it waits for
  State state_ = State::kIdle;
  bool speaking_ = false;  // the thread that works uses the channel, without the lock
  bool abandoned_ = false;
  ScanKey key_;  // of the call
  bool may_pause_ = false;
  int64_t reply_bytes_ = 0;
  std::optional<Call> heard_;   // by the second thread, for the one that works
  Clock::time_point until_;     // then the class is told
  Clock::time_point told_;      // when it was, the last time
  Clock::time_point progress_;  // when the call was last seen to get on
};

}  // namespace skyhook::worker
