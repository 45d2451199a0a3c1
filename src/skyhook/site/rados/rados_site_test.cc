#include "skyhook/site/rados/rados_site.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <future>
#include <limits>
#include <new>
#include <thread>
#include <utility>
#include <vector>

#include "skyhook/base/status.h"
#include "skyhook/site/rados/refusals.h"
#include "skyhook/site/rados/scan_calls.h"
#include "skyhook/substrait/substrait.h"
#include "skyhook/testing/matchers.h"
#include "skyhook/testing/pipelines.h"
#include "skyhook/wire/header.h"
#include "skyhook/wire/reply.h"

namespace skyhook::site::rados {
namespace {

using arrow::Result;
using arrow::Status;
using objects::Executed;
using plan::StoppedBy;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::Require;

/// A pool whose OSDs answer calls as they are told to, one after the other, and then again as the
/// last time. An object's placement group is the length of its name.
class ScriptedPool : public objects::RadosPool {
 public:
  explicit ScriptedPool(std::vector<Executed> answers) : answers_(std::move(answers)) {}

  size_t calls() const { return calls_; }
  /// From now on memory lacks where a placement group is asked for, after so many times.
  void ThrowAfterGroups(int times) {
    asked_groups_ = 0;
    groups_before_throw_ = times;
  }
  /// From now on memory lacks after so many calls.
  void ThrowAfterCalls(size_t times) { calls_before_throw_ = times; }
  /// The requests of the calls, in order.
  struct Asked {
    std::string object;
    wire::Request request;
    uint32_t deadline_ms;
    bool any_copy;
    std::optional<uint64_t> version;
  };
  const std::vector<Asked>& asked() const { return asked_; }

  std::string UriOf(const std::string& object) const override { return "rados://p/" + object; }
  arrow::Future<Executed> Execute(const std::string& object, std::optional<uint64_t> version,
                                  const std::string&, const std::string&, const std::string& input,
                                  bool any_copy, const arrow::StopToken&) override {
    const size_t call = calls_++;
    if (call >= calls_before_throw_) throw std::bad_alloc();
    wire::Header header;
    EXPECT_TRUE(wire::ReadHeader(input, wire::kRequestMagic, &header));
    asked_.push_back(
        {object, Require(wire::DecodeRequest(input)), header.deadline_ms, any_copy, version});
    return arrow::Future<Executed>::MakeFinished(answers_[std::min(call, answers_.size() - 1)]);
  }
  std::shared_ptr<RadosPool> WithStop(arrow::StopToken) const override { return nullptr; }
  Result<std::shared_ptr<base::ByteSource>> OpenObject(const std::string&,
                                                       const arrow::StopToken&) override {
    return Unused();
  }
  uint32_t PlacementGroupOf(const std::string& object) override {
    if (++asked_groups_ > groups_before_throw_) throw std::bad_alloc();
    return static_cast<uint32_t>(object.size());
  }

  Result<bool> Create(const std::string&, const arrow::Buffer&) override { return Unused(); }
  Result<std::optional<objects::ObjectInfo>> Look(const std::string&) override { return Unused(); }
  Result<std::shared_ptr<base::ByteSource>> OpenObject(const std::string&) override {
    return Unused();
  }
  Status Remove(const std::string&) override { return Unused(); }
  Result<std::vector<std::string>> List(const std::string&) override { return Unused(); }
  Result<std::optional<std::string>> ReadPointer(const std::string&) override { return Unused(); }
  Result<bool> SwingPointer(const std::string&, const std::optional<std::string>&,
                            const std::optional<std::string>&) override {
    return Unused();
  }
  Result<std::unique_ptr<objects::Presence>> ShowPresence(const std::string&) override {
    return Unused();
  }
  Result<bool> IsPresent(const std::string&) override { return Unused(); }
  Result<std::vector<std::string>> NameSpacesWithTables() override { return Unused(); }
  Result<std::string> AskMonitors(const std::string&) override { return Unused(); }

 private:
  static Status Unused() { return Status::NotImplemented("not of these tests"); }

  const std::vector<Executed> answers_;
  std::atomic<size_t> calls_ = 0;
  std::atomic<size_t> calls_before_throw_ = std::numeric_limits<size_t>::max();
  std::atomic<int> asked_groups_ = 0;
  std::atomic<int> groups_before_throw_ = std::numeric_limits<int>::max();
  std::vector<Asked> asked_;
};

Executed Error(int number) { return {number, 0, nullptr}; }

Executed Encoded(const wire::Reply& reply) {
  const auto message = wire::EncodeReply(reply, wire::Codec::kNone, 1 << 20);
  return {0, 7, arrow::Buffer::FromString(Require(message))};
}

/// A reply that all rows were looked at, and none came out.
Executed Answered() { return Encoded({}); }

/// A reply that came to an end of its time; without `kept` nothing is.
Executed Stopped(plan::RowRanges remaining, std::optional<int64_t> kept,
                 StoppedBy stopped_by = StoppedBy::kDeadline, int64_t bytes_out = 0) {
  wire::Reply reply;
  reply.outcome.stopped_by = stopped_by;
  reply.outcome.remaining.rows = std::move(remaining);
  reply.outcome.cost.rows_in = 10;
  reply.outcome.cost.bytes_read = 100;
  reply.outcome.cost.bytes_out = bytes_out;
  reply.outcome.remaining.scan = kept.has_value() ? 1 : 0;
  reply.outcome.remaining.rows_kept = kept.value_or(0);
  return Encoded(reply);
}

/// A reply that there is none yet.
Executed AtWork() {
  wire::Reply reply;
  reply.outcome.stopped_by = StoppedBy::kDeadline;
  reply.outcome.remaining = {1, {{0, 10}}, 0, true};
  return Encoded(reply);
}

Request RequestFor(const std::string& object) {
  Request request;
  request.pipeline = testing::ReadAll(*arrow::schema({arrow::field("n", arrow::int64())}));
  request.fragment = {object, "", -1};
  request.slice.rows = plan::RowRanges({{0, 10}});
  return request;
}

/// How a call ended for the site.
struct Ended {
  Status status;
  plan::Outcome outcome;
};

std::shared_ptr<Site> SiteOver(std::shared_ptr<objects::RadosPool> pool) {
  return MakeRadosSite(std::move(pool), std::make_shared<base::Timer>());
}

Ended RunAt(Site* site, const std::string& object) {
  const auto answer = Require(site->Run(RequestFor(object)));
  const Status status = answer->Next().status();
  return {status, answer->outcome()};
}

/// On a thread of librados, which an exception would end the process from.
TEST(RadosSiteTest, AReplyForWhichMemoryLacksIsAnError) {
  const auto pool = std::make_shared<ScriptedPool>(std::vector{Error(-EOPNOTSUPP)});
  const auto site = SiteOver(pool);
  pool->ThrowAfterGroups(1);
  EXPECT_THAT(RunAt(site.get(), "object").status,
              FailsWith(arrow::StatusCode::OutOfMemory, "no memory is left"));
}

TEST(RadosSiteTest, ACallForWhichMemoryLacksIsAnError) {
  // The first, by whoever asks; the next, by the thread that got the reply; a later one, by a
  // timer.
  const std::vector<Executed> going_on = {Stopped(plan::RowRanges({{5, 10}}), 0), Answered()};
  const std::vector<Executed> busy = {Error(-EBUSY), Answered()};
  for (const auto& [calls, answers] :
       {std::pair(0, going_on), std::pair(1, going_on), std::pair(1, busy)}) {
    const auto pool = std::make_shared<ScriptedPool>(answers);
    const auto site = SiteOver(pool);
    pool->ThrowAfterCalls(static_cast<size_t>(calls));
    const auto answer = site->Run(RequestFor("object"));
    Status status = answer.status();
    while (status.ok()) {
      const auto batch = (*answer)->Next();
      status = batch.status();
      if (batch.ok() && *batch == nullptr) break;
    }
    EXPECT_THAT(status, FailsWith(arrow::StatusCode::OutOfMemory, "no memory is left"));
  }
}

TEST(RadosSiteTest, AsksABusyOsdAgain) {
  const auto pool = std::make_shared<ScriptedPool>(
      std::vector{Error(-EBUSY), Error(-EBUSY), Error(-EBUSY), Answered()});
  const Ended ended = RunAt(SiteOver(pool).get(), "object");
  EXPECT_THAT(ended.status, IsOk());
  EXPECT_EQ(ended.outcome.stopped_by, StoppedBy::kNothing);
  EXPECT_EQ(ended.outcome.version, "7");
  EXPECT_EQ(pool->calls(), 4u);
}

TEST(RadosSiteTest, GivesUpAnOsdThatStaysBusy) {
  const auto pool = std::make_shared<ScriptedPool>(std::vector{Error(-EBUSY)});
  const auto site = SiteOver(pool);
  const Ended ended = RunAt(site.get(), "object");
  EXPECT_EQ(ended.outcome.stopped_by, StoppedBy::kRefused);
  EXPECT_EQ(ended.outcome.reason, "as many calls as the OSD allows are running");
  EXPECT_EQ(ended.outcome.remaining.rows, plan::RowRanges({{0, 10}}));
  const size_t calls = pool->calls();
  RunAt(site.get(), "object");
  EXPECT_GT(pool->calls(), calls) << "it may be idle the next time";
}

TEST(RadosSiteTest, RemembersWhatAPlacementGroupLacks) {
  const auto pool = std::make_shared<ScriptedPool>(std::vector{Error(-EOPNOTSUPP)});
  const auto site = SiteOver(pool);
  const std::string reason = "the OSD has no class skyhook, or its pool is erasure-coded";
  for (int i = 0; i < 3; ++i) EXPECT_EQ(RunAt(site.get(), "object").outcome.reason, reason);
  EXPECT_EQ(pool->calls(), 1u);
  RunAt(site.get(), "object of another group");
  EXPECT_EQ(pool->calls(), 2u);
}

TEST(RadosSiteTest, DoesNotRememberAWorkerThatFailed) {
  const auto pool = std::make_shared<ScriptedPool>(std::vector{Error(-ESHUTDOWN), Answered()});
  const auto site = SiteOver(pool);
  EXPECT_EQ(RunAt(site.get(), "object").outcome.reason, "the OSD's worker failed");
  EXPECT_EQ(RunAt(site.get(), "object").outcome.stopped_by, StoppedBy::kNothing);
}

TEST(RadosSiteTest, RefusesForAReplyThatIsDamaged) {
  Executed damaged = Answered();
  std::string bytes = damaged.output->ToString();
  bytes.back() ^= 1;
  damaged.output = arrow::Buffer::FromString(bytes);
  const auto pool = std::make_shared<ScriptedPool>(std::vector{damaged});
  const Ended ended = RunAt(SiteOver(pool).get(), "object");
  EXPECT_EQ(ended.outcome.stopped_by, StoppedBy::kRefused);
  EXPECT_THAT(ended.outcome.reason, HasSubstr("whose checksum is not its own"));
}

TEST(RadosSiteTest, FailsForWhatIsAboutTheObject) {
  const auto status_of = [](int error) {
    const auto pool = std::make_shared<ScriptedPool>(std::vector{Error(error)});
    return RunAt(SiteOver(pool).get(), "object").status;
  };
  EXPECT_THAT(status_of(-ENOENT), FailsWith(arrow::StatusCode::IOError, "rados://p/object"));
  EXPECT_THAT(status_of(-ERANGE), FailsWith(base::Code::kStaleObject, "rados://p/object"));
  EXPECT_THAT(status_of(-EOVERFLOW), FailsWith(base::Code::kStaleObject, "rados://p/object"));
}

TEST(RadosSiteTest, CallsAreShortWhileTheOsdKeepsTheScan) {
  const auto pool =
      std::make_shared<ScriptedPool>(std::vector{Stopped({{0, 10}}, 3), Stopped({{0, 10}}, 4),
                                                 Error(-EBUSY), Stopped({{5, 10}}, 0), Answered()});
  const Ended ended = RunAt(SiteOver(pool).get(), "object");
  EXPECT_THAT(ended.status, IsOk());
  EXPECT_EQ(ended.outcome.stopped_by, StoppedBy::kNothing);
  EXPECT_EQ(ended.outcome.answered, plan::RowRanges({{0, 10}}));
  EXPECT_EQ(ended.outcome.cost.rows_in, 10);
  EXPECT_EQ(ended.outcome.cost.bytes_read, 300);
  EXPECT_FALSE(ended.outcome.remaining.goes_on());
  ASSERT_EQ(pool->calls(), 5u);
  for (const auto& asked : pool->asked()) {
    EXPECT_EQ(asked.deadline_ms, kCallMs);
    EXPECT_NE(asked.request.slice.scan, 0u);
    EXPECT_EQ(asked.request.slice.scan, pool->asked()[0].request.slice.scan);
    EXPECT_FALSE(asked.any_copy) << "only one knows of the scan";
  }
  EXPECT_EQ(pool->asked()[2].request.slice.rows, plan::RowRanges({{0, 10}}));
  EXPECT_EQ(pool->asked()[4].request.slice.rows, plan::RowRanges({{5, 10}}));
  EXPECT_EQ(pool->asked()[0].version, std::nullopt);
  EXPECT_EQ(pool->asked()[4].version, 7u) << "of the first reply";
  RunAt(SiteOver(pool).get(), "object");
  EXPECT_NE(pool->asked()[5].request.slice.scan, pool->asked()[0].request.slice.scan);
}

/// The calls carry what the pipeline was encoded as first, whatever that is.
TEST(RadosSiteTest, CallsOfAScanCarryThePipelineAsItWasEncodedOnce) {
  const auto pool = std::make_shared<ScriptedPool>(
      std::vector{Stopped({{3, 10}}, 0), Stopped({{5, 10}}, std::nullopt), Answered()});
  const auto site = SiteOver(pool);
  Request request = RequestFor("object");
  const auto other = testing::ReadAll(
      *arrow::schema({arrow::field("n", arrow::int64()), arrow::field("m", arrow::int64())}));
  const std::string bytes = Require(substrait::ToSubstrait(other));
  Require(request.pipeline.Bytes([&](const plan::Pipeline&) { return bytes; }));
  EXPECT_EQ(Require(Require(site->Run(request))->Next()), nullptr);
  request.fragment.name = "another object of the scan";
  EXPECT_EQ(Require(Require(site->Run(request))->Next()), nullptr);
  ASSERT_EQ(pool->calls(), 4u);
  for (const auto& asked : pool->asked()) EXPECT_EQ(asked.request.pipeline->input->num_fields(), 2);
}

TEST(RadosSiteTest, AsksAgainWhileTheOsdIsAtWork) {
  const auto at_work = AtWork();
  const auto pool = std::make_shared<ScriptedPool>(std::vector{at_work, at_work, Answered()});
  const Ended ended = RunAt(SiteOver(pool).get(), "object");
  EXPECT_EQ(ended.outcome.stopped_by, StoppedBy::kNothing);
  EXPECT_EQ(pool->calls(), 3u);
  EXPECT_EQ(pool->asked()[2].request.slice.rows, plan::RowRanges({{0, 10}}));
  EXPECT_GT(ended.outcome.cost.network_bytes, 2 * at_work.output->size());
}

TEST(RadosSiteTest, ACallByItselfIsNotWaitedForAgain) {
  const auto pool =
      std::make_shared<ScriptedPool>(std::vector{Stopped({{0, 10}}, std::nullopt), AtWork()});
  const plan::Outcome outcome = RunAt(SiteOver(pool).get(), "object").outcome;
  EXPECT_EQ(outcome.stopped_by, StoppedBy::kRefused);
  EXPECT_THAT(outcome.reason, HasSubstr("should have answered"));
}

TEST(RadosSiteTest, CallsAreLongWhereTheOsdKeepsNothing) {
  for (const auto& first : {std::vector{Stopped({{4, 10}}, std::nullopt)},
                            // It had dealt with more rows before: it lost them.
                            std::vector{Stopped({{0, 10}}, 3), Stopped({{0, 10}}, 2)}}) {
    std::vector<Executed> answers = first;
    answers.push_back(Stopped({{6, 10}}, std::nullopt));
    answers.push_back(Answered());
    const auto pool = std::make_shared<ScriptedPool>(answers);
    EXPECT_EQ(RunAt(SiteOver(pool).get(), "object").outcome.stopped_by, StoppedBy::kNothing);
    ASSERT_EQ(pool->calls(), answers.size());
    for (size_t call = first.size(); call < answers.size(); ++call) {
      EXPECT_EQ(pool->asked()[call].deadline_ms, kLoneCallMs);
      EXPECT_EQ(pool->asked()[call].request.slice.scan, 0u);
      EXPECT_TRUE(pool->asked()[call].any_copy);
    }
  }
}

TEST(RadosSiteTest, EndsWhereALongCallGetsNowhere) {
  const auto nowhere = Stopped({{0, 10}}, std::nullopt);
  const auto pool = std::make_shared<ScriptedPool>(std::vector{nowhere});
  const Ended ended = RunAt(SiteOver(pool).get(), "object");
  EXPECT_EQ(ended.outcome.stopped_by, StoppedBy::kDeadline);
  EXPECT_EQ(ended.outcome.remaining.rows, plan::RowRanges({{0, 10}}));
  EXPECT_EQ(pool->calls(), 2u);
}

TEST(RadosSiteTest, ARequestWithADeadlineIsOneCall) {
  const auto pool = std::make_shared<ScriptedPool>(std::vector{Stopped({{4, 10}}, std::nullopt)});
  Request request = RequestFor("object");
  request.limits.deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  const auto answer = Require(SiteOver(pool)->Run(std::move(request)));
  EXPECT_EQ(Require(answer->Next()), nullptr);
  EXPECT_EQ(answer->outcome().remaining.rows, plan::RowRanges({{4, 10}}));
  EXPECT_EQ(pool->calls(), 1u);
  EXPECT_EQ(pool->asked()[0].request.slice.scan, 0u);
  EXPECT_GT(pool->asked()[0].deadline_ms, 50'000u);
}

TEST(RadosSiteTest, AFullAnswerIsContinuedByTheNextRequest) {
  constexpr auto kFull = StoppedBy::kReplyBytes;
  const auto pool = std::make_shared<ScriptedPool>(std::vector{
      Stopped({{2, 10}}, 0, kFull, 6000), Stopped({{6, 10}}, 0, kFull, 6000), Answered()});
  const auto site = SiteOver(pool);
  Request request = RequestFor("object");
  request.limits.reply_bytes = 10'000;
  auto answer = Require(site->Run(request));
  EXPECT_EQ(Require(answer->Next()), nullptr);
  EXPECT_EQ(answer->outcome().stopped_by, kFull);
  EXPECT_EQ(answer->outcome().remaining.rows, plan::RowRanges({{6, 10}}));
  ASSERT_EQ(pool->calls(), 2u);
  EXPECT_EQ(pool->asked()[1].request.limits.reply_bytes, 4000);
  request.slice = answer->outcome().remaining;
  EXPECT_EQ(request.slice.scan, pool->asked()[0].request.slice.scan);
  answer = Require(site->Run(request));
  EXPECT_EQ(Require(answer->Next()), nullptr);
  EXPECT_EQ(pool->asked()[2].request.slice.scan, request.slice.scan);
  EXPECT_EQ(pool->asked()[2].request.limits.reply_bytes, 10'000);
}

TEST(RadosSiteTest, AnAnswerIsFullByWhatCameWhateverItsSenderSays) {
  wire::Reply reply;
  reply.outcome.stopped_by = StoppedBy::kDeadline;
  reply.outcome.remaining = {1, {{1, 10}}};
  const auto pool = std::make_shared<ScriptedPool>(std::vector{Encoded(reply), Answered()});
  Request request = RequestFor("object");
  request.limits.reply_bytes = 10;
  const auto answer = Require(SiteOver(pool)->Run(std::move(request)));
  EXPECT_EQ(Require(answer->Next()), nullptr);
  EXPECT_EQ(pool->calls(), 1u);
}

TEST(RadosSiteTest, ARefusalInTheMidstLeavesTheRest) {
  const auto pool =
      std::make_shared<ScriptedPool>(std::vector{Stopped({{5, 10}}, 0), Error(-ESHUTDOWN)});
  const auto site = SiteOver(pool);
  const Ended ended = RunAt(site.get(), "object");
  EXPECT_THAT(ended.status, IsOk());
  EXPECT_EQ(ended.outcome.stopped_by, StoppedBy::kDeadline);
  EXPECT_EQ(ended.outcome.remaining.rows, plan::RowRanges({{5, 10}}));
  EXPECT_EQ(RunAt(site.get(), "object").outcome.stopped_by, StoppedBy::kRefused);
  const auto nothing_answered =
      std::make_shared<ScriptedPool>(std::vector{Stopped({{0, 10}}, 5), Error(-ESHUTDOWN)});
  const plan::Outcome refused = RunAt(SiteOver(nothing_answered).get(), "object").outcome;
  EXPECT_EQ(refused.stopped_by, StoppedBy::kRefused);
  EXPECT_EQ(refused.remaining.rows, plan::RowRanges({{0, 10}}));
  EXPECT_EQ(refused.cost.rows_in, 0);
  EXPECT_EQ(refused.cost.bytes_read, 100) << "that it was of no use does not make it free";
}

TEST(RadosSiteTest, AnAnswerThatIsDroppedMakesNoMoreCalls) {
  std::vector<Executed> answers(6, Error(-EBUSY));
  answers.push_back(Answered());
  const auto pool = std::make_shared<ScriptedPool>(answers);
  const auto site = SiteOver(pool);
  Require(site->Run(RequestFor("dropped"))).reset();
  // The same timer: the waits of the second answer, which grow, end after the one of the first.
  EXPECT_THAT(RunAt(site.get(), "object").status, IsOk());
  int of_dropped = 0;
  for (const auto& asked : pool->asked()) {
    of_dropped += asked.request.fragment == pool->UriOf("dropped") ? 1 : 0;
  }
  EXPECT_EQ(of_dropped, 1);
  EXPECT_EQ(pool->calls(), answers.size());
}

TEST(RadosSiteTest, RefusesAVersionThatIsNone) {
  const auto pool = std::make_shared<ScriptedPool>(std::vector{Answered()});
  Request request = RequestFor("object");
  request.fragment.version = "seven";
  EXPECT_THAT(SiteOver(pool)->Run(std::move(request)),
              FailsWith(arrow::StatusCode::Invalid, "'seven' is no version of an object"));
}

TEST(RadosSiteTest, AsksTheObjectThatTheFragmentLiesIn) {
  const auto pool = std::make_shared<ScriptedPool>(std::vector{Answered()});
  const auto site = SiteOver(pool);
  Request request = RequestFor("fragment");
  const auto layout = std::make_shared<base::Layout>(
      base::Layout{{{"object", {5, 10}}}, arrow::Buffer::FromString("tail")});
  request.fragment.layout = layout;
  request.fragment.version = base::VersionOf(*layout, {"7"});
  const auto answer = Require(site->Run(request));
  EXPECT_EQ(Require(answer->Next()), nullptr);
  EXPECT_EQ(answer->outcome().version, request.fragment.version);
  ASSERT_EQ(pool->asked().size(), 1u);
  EXPECT_EQ(pool->asked()[0].object, "object");
  EXPECT_EQ(pool->asked()[0].version, 7u);
  EXPECT_EQ(pool->asked()[0].request.layout->extents[0].range, (base::ByteRange{5, 10}));
}

TEST(RadosSiteTest, RefusesAFragmentInSeveralObjects) {
  const auto pool = std::make_shared<ScriptedPool>(std::vector{Answered()});
  Request request = RequestFor("fragment");
  for (const std::vector<base::Extent>& extents :
       {std::vector<base::Extent>{{"a", {0, 1}}, {"b", {0, 1}}}, {}}) {
    request.fragment.layout = std::make_shared<base::Layout>(base::Layout{extents, nullptr});
    const auto answer = Require(SiteOver(pool)->Run(request));
    EXPECT_EQ(Require(answer->Next()), nullptr);
    EXPECT_EQ(answer->outcome().stopped_by, StoppedBy::kRefused);
    EXPECT_EQ(answer->outcome().remaining.rows, request.slice.rows);
  }
  EXPECT_TRUE(pool->asked().empty());
}

TEST(RefusalsTest, AreForgottenAfterAWhile) {
  Refusals refusals;
  const Refusals::Time begin{};
  EXPECT_EQ(refusals.Find(1, begin), std::nullopt);
  refusals.Learn(1, "lame", begin);
  EXPECT_EQ(refusals.Find(1, begin + Refusals::kRemembered - std::chrono::nanoseconds(1)), "lame");
  EXPECT_EQ(refusals.Find(2, begin), std::nullopt);
  EXPECT_EQ(refusals.Find(1, begin + Refusals::kRemembered), std::nullopt);
  refusals.Learn(1, "lame again", begin);
  EXPECT_EQ(refusals.Find(1, begin), "lame again");
}

}  // namespace
}  // namespace skyhook::site::rados
