// Latencies of single operations.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <functional>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include "bench/ceph/suites.h"
#include "skyhook/base/status.h"
#include "skyhook/format/fragment.h"
#include "skyhook/objects/rados_pool.h"
#include "skyhook/plan/types.h"
#include "skyhook/wire/reply.h"
#include "skyhook/wire/request.h"

namespace skyhook::bench::ceph {

using arrow::Result;
using arrow::Status;
using Clock = std::chrono::steady_clock;
using Microseconds = std::chrono::duration<double, std::micro>;

namespace {

constexpr int64_t kSmallRead = 4096;
/// What is not counted at the beginning of calls.
constexpr int kWarmUp = 200;

double Percentile(std::vector<double>* values, double share) {
  const auto at = static_cast<ptrdiff_t>(share * static_cast<double>(values->size() - 1));
  std::nth_element(values->begin(), values->begin() + at, values->end());
  return (*values)[static_cast<size_t>(at)];
}

void Print(const char* what, std::vector<double> microseconds) {
  fmt::print("{{\"what\": \"{}\", \"count\": {}, \"p50_us\": {:.1f}, \"p99_us\": {:.1f}}}\n", what,
             microseconds.size(), Percentile(&microseconds, 0.5), Percentile(&microseconds, 0.99));
}

Result<std::vector<double>> TimeEach(int count, const std::function<Status()>& call) {
  std::vector<double> microseconds;
  for (int i = 0; i < kWarmUp + count; ++i) {
    const auto begin = Clock::now();
    ARROW_RETURN_NOT_OK(call());
    if (i >= kWarmUp) microseconds.push_back(Microseconds(Clock::now() - begin).count());
  }
  return microseconds;
}

// A request for none of the rows of a file: the worker opens nothing of it but its footer.
Result<std::string> RequestOfNoRows(objects::RadosPool* pool, const std::string& name) {
  ARROW_ASSIGN_OR_RAISE(auto source, pool->OpenObject(name));
  ARROW_ASSIGN_OR_RAISE(const auto fragment, format::OpenFragment(std::move(source), {}, {}));
  wire::Request request;
  plan::Pipeline pipeline;
  pipeline.input = plan::EngineSchema(*fragment->declared_schema());
  pipeline.aggregate = plan::Aggregate{};
  request.pipeline = std::move(pipeline);
  request.fragment = name;
  return wire::EncodeRequest(request, 1000);
}

Result<std::vector<std::shared_ptr<base::ByteSource>>> DataOf(objects::RadosPool* pool) {
  ARROW_ASSIGN_OR_RAISE(const auto names, pool->List(""));
  std::vector<std::shared_ptr<base::ByteSource>> sources;
  for (const std::string& name : names) {
    if (!name.ends_with(".parquet")) continue;
    ARROW_ASSIGN_OR_RAISE(sources.emplace_back(), pool->OpenObject(name));
  }
  if (sources.empty()) return base::Invalid("'{}' has no data", pool->UriOf(""));
  return sources;
}

// Reads begun on time whatever became of those before them.
class PacedReads {
 public:
  PacedReads(std::vector<std::shared_ptr<base::ByteSource>> sources, double rate)
      : sources_(std::move(sources)), period_(1e6 / rate) {}

  void Run(double seconds) {
    const auto begin = Clock::now();
    const auto count = static_cast<int64_t>(seconds * 1e6 / period_.count());
    for (int64_t i = 0; i < count; ++i) {
      const auto due =
          begin + std::chrono::duration_cast<Clock::duration>(static_cast<double>(i) * period_);
      std::this_thread::sleep_until(due);
      Begin(due);
    }
    while (running_.load() > 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }

  Result<std::vector<double>> Latencies() {
    const std::lock_guard<std::mutex> lock(mutex_);
    ARROW_RETURN_NOT_OK(failure_);
    return microseconds_;
  }

 private:
  void Begin(Clock::time_point due) {
    const auto& source = sources_[random_() % sources_.size()];
    const auto blocks = static_cast<uint64_t>(source->size() / kSmallRead);
    const auto offset = static_cast<int64_t>(random_() % blocks) * kSmallRead;
    ++running_;
    source->ReadAsync({{offset, kSmallRead}}, arrow::StopToken::Unstoppable())
        .AddCallback([this, due](const Result<base::Buffers>& read) {
          const double taken = Microseconds(Clock::now() - due).count();
          {
            const std::lock_guard<std::mutex> lock(mutex_);
            failure_ &= read.status();
            microseconds_.push_back(taken);
          }
          --running_;
        });
  }

  const std::vector<std::shared_ptr<base::ByteSource>> sources_;
  const Microseconds period_;
  std::mt19937_64 random_{2026};
  std::atomic<int> running_ = 0;
  std::mutex mutex_;
  std::vector<double> microseconds_;
  Status failure_;
};

}  // namespace

Status TimeCalls(const std::string& pool_name, const std::string& name, int calls) {
  const size_t slash = name.find('/');
  ARROW_ASSIGN_OR_RAISE(const auto pool,
                        objects::OpenRadosPool({}, pool_name, name.substr(0, slash)));
  const std::string object = name.substr(slash + 1);
  ARROW_ASSIGN_OR_RAISE(const std::string request, RequestOfNoRows(pool.get(), object));
  for (const char* method : {"describe", "scan"}) {
    ARROW_ASSIGN_OR_RAISE(
        auto microseconds, TimeEach(calls, [&]() -> Status {
          auto executed = pool->Execute(object, std::nullopt, "skyhook", method, request,
                                        /*any_copy=*/false, arrow::StopToken::Unstoppable());
          ARROW_ASSIGN_OR_RAISE(const objects::Executed done, executed.MoveResult());
          if (done.result >= 0) return Status::OK();
          return objects::ObjectError("cannot call", pool->UriOf(object), done.result);
        }));
    Print(method, std::move(microseconds));
  }
  return Status::OK();
}

Status TimeReads(const std::string& pool_name, const std::string& name_space, double seconds,
                 double rate) {
  ARROW_ASSIGN_OR_RAISE(const auto pool, objects::OpenRadosPool({}, pool_name, name_space));
  ARROW_ASSIGN_OR_RAISE(auto sources, DataOf(pool.get()));
  PacedReads reads(std::move(sources), rate);
  reads.Run(seconds);
  ARROW_ASSIGN_OR_RAISE(auto microseconds, reads.Latencies());
  Print("read", std::move(microseconds));
  return Status::OK();
}

}  // namespace skyhook::bench::ceph
