// The calls under way: how many there may be, and which of them have to stop.
#pragma once

#include <arrow/flight/server.h>
#include <arrow/result.h>
#include <arrow/util/cancel.h>

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <thread>

namespace skyhook::daemon {

class Calls;

/// What a call takes.
enum class Load : uint8_t {
  kHeavy,  ///< a worker, and memory for rows
  kLight,  ///< little: names, schemas, bytes of files
};

/// One call; ends when it goes. Must not outlive its context, nor the Calls it is of.
class Call {
 public:
  Call(Calls* calls, Load load, const arrow::flight::ServerCallContext* context);
  ~Call();
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  /// Requests a stop when the client goes away, cancels, or has waited as long as it wanted to, and
  /// when the daemon ends: within 20 ms.
  arrow::StopToken stop() { return source_.token(); }
  const arrow::flight::ServerCallContext& context() const { return *context_; }

 private:
  friend class Calls;

  Calls* const calls_;
  const Load load_;
  const arrow::flight::ServerCallContext* const context_;
  arrow::StopSource source_;
  bool stopped_ = false;  ///< Calls', under its lock
};

/// Thread-safe. Has a thread of its own, which asks for each call whether its client is there:
/// gRPC tells nobody who does not ask.
class Calls {
 public:
  /// So many heavy ones at a time, and four times as many light ones.
  explicit Calls(int most) : most_(most) {}
  ~Calls();
  Calls(const Calls&) = delete;
  Calls& operator=(const Calls&) = delete;

  /// kBusy where there are as many as may be; kUnreachable after StopAll.
  arrow::Result<std::shared_ptr<Call>> Begin(const arrow::flight::ServerCallContext& context,
                                             Load load);
  /// Lets no more begin.
  void Close();
  /// Lets no more begin, and stops those that have.
  void StopAll();

  int64_t begun() const;
  int64_t refused() const;
  int running() const;

 private:
  friend class Call;

  void Leave(Call* call);
  void Stop(Call* call);
  void Watch() noexcept;

  const int most_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::set<Call*> running_;
  int heavy_ = 0;  ///< of these
  int64_t begun_ = 0;
  int64_t refused_ = 0;
  bool closed_ = false;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace skyhook::daemon
