// An answer whose batches are made before they are asked for, by a thread of its own.
#pragma once

#include <arrow/record_batch.h>
#include <arrow/result.h>
#include <arrow/util/cancel.h>

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "skyhook/base/cores.h"
#include "skyhook/plan/outcome.h"
#include "skyhook/site/site.h"

namespace skyhook::client {

/// The kernel over bytes that travel: while one thread waits for them another one computes, so that
/// a link and a core are both busy. The thread ends no later than the answer. Where no thread is to
/// be had the batches are made when they are asked for.
class AnswerAhead : public site::Answer {
 public:
  /// Begins the call, with the stop token and the core of the thread that will pull it.
  using Begin = std::function<arrow::Result<std::unique_ptr<site::Answer>>(arrow::StopToken stop,
                                                                           base::Core* core)>;

  /// `stop` and `core` are those of whoever pulls. At most `held_bytes` bytes of batches wait to be
  /// pulled, or one batch.
  AnswerAhead(Begin begin, std::shared_ptr<base::Cores> cores, int64_t held_bytes,
              arrow::StopToken stop, base::Core* core);
  ~AnswerAhead() override;

  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Next() override;
  /// Of the batch returned last; after an error, and after Stop, with the cost of all that was
  /// done.
  const plan::Outcome& outcome() const override { return outcome_; }
  /// Ends the thread: no further batch is wanted.
  void Stop();

 private:
  struct Made {
    std::shared_ptr<arrow::RecordBatch> batch;
    int64_t bytes = 0;
    plan::Outcome outcome;  ///< after the batch
  };

  void Work();
  arrow::Status MakeAll(base::Core* core, plan::Outcome* last);
  void Put(Made made, base::Core* core);
  /// Waits until there is room for so many bytes, or nobody wants more.
  void AwaitRoom(int64_t bytes, base::Core* core);
  arrow::Status AwaitOne();
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> NextWithoutThread();

  const Begin begin_;
  const std::shared_ptr<base::Cores> cores_;
  const int64_t held_bytes_;
  const arrow::StopToken stop_;
  base::Core* const core_;
  arrow::StopSource stop_ahead_;
  plan::Outcome outcome_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Made> made_;
  int64_t bytes_ = 0;      ///< of made_
  bool ended_ = false;     ///< nothing more is made
  arrow::Status failure_;  ///< why not; comes behind what was made
  plan::Outcome last_;     ///< once ended

  std::thread thread_;
  std::unique_ptr<site::Answer> alone_;  ///< without a thread
};

}  // namespace skyhook::client
