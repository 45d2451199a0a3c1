#include "skyhook/site/rados/rados_site.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <utility>
#include <vector>

#include "skyhook/base/status.h"
#include "skyhook/site/rados/refusals.h"
#include "skyhook/testing/matchers.h"
#include "skyhook/testing/pipelines.h"
#include "skyhook/wire/reply.h"

namespace skyhook::site::rados {
namespace {

using arrow::Result;
using arrow::Status;
using plan::StoppedBy;
using store::Executed;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::Require;

/// A pool whose OSDs answer calls as they are told to, one after the other, and then again as the
/// last time. An object's placement group is the length of its name.
class ScriptedPool : public store::RadosPool {
 public:
  explicit ScriptedPool(std::vector<Executed> answers) : answers_(std::move(answers)) {}

  size_t calls() const { return calls_; }

  std::string UriOf(const std::string& object) const override { return "rados://p/" + object; }
  arrow::Future<Executed> Execute(const std::string&, std::optional<uint64_t>, const std::string&,
                                  const std::string&, const std::string&, bool) override {
    const size_t call = calls_++;
    return arrow::Future<Executed>::MakeFinished(answers_[std::min(call, answers_.size() - 1)]);
  }
  uint32_t PlacementGroupOf(const std::string& object) override {
    return static_cast<uint32_t>(object.size());
  }

  Result<bool> Create(const std::string&, const arrow::Buffer&) override { return Unused(); }
  Result<std::optional<store::ObjectInfo>> Look(const std::string&) override { return Unused(); }
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
  Result<std::string> AskMonitors(const std::string&) override { return Unused(); }

 private:
  static Status Unused() { return Status::NotImplemented("not of these tests"); }

  const std::vector<Executed> answers_;
  size_t calls_ = 0;
};

Executed Error(int number) { return {number, 0, nullptr}; }

/// A reply that all rows were looked at, and none came out.
Executed Answered() {
  const auto message = wire::EncodeReply({}, wire::Codec::kNone, 1 << 20);
  return {0, 7, arrow::Buffer::FromString(Require(message))};
}

Request RequestFor(const std::string& object) {
  Request request;
  request.pipeline = testing::ReadAll(*arrow::schema({arrow::field("n", arrow::int64())}));
  request.fragment = {object, "", -1};
  request.rows = plan::RowRanges({{0, 10}});
  return request;
}

/// How a call ended for the site.
struct Ended {
  Status status;
  plan::Outcome outcome;
};

Ended RunAt(Site* site, const std::string& object) {
  const auto answer = Require(site->Run(RequestFor(object)));
  const Status status = answer->Next().status();
  return {status, answer->outcome()};
}

TEST(RadosSiteTest, AsksABusyOsdAgain) {
  const auto pool = std::make_shared<ScriptedPool>(
      std::vector{Error(-EBUSY), Error(-EBUSY), Error(-EBUSY), Answered()});
  const Ended ended = RunAt(MakeRadosSite(pool).get(), "object");
  EXPECT_THAT(ended.status, IsOk());
  EXPECT_EQ(ended.outcome.stopped_by, StoppedBy::kNothing);
  EXPECT_EQ(ended.outcome.version, "7");
  EXPECT_EQ(pool->calls(), 4u);
}

TEST(RadosSiteTest, GivesUpAnOsdThatStaysBusy) {
  const auto pool = std::make_shared<ScriptedPool>(std::vector{Error(-EBUSY)});
  const auto site = MakeRadosSite(pool);
  const Ended ended = RunAt(site.get(), "object");
  EXPECT_EQ(ended.outcome.stopped_by, StoppedBy::kRefused);
  EXPECT_EQ(ended.outcome.reason, "as many calls as the OSD allows are running");
  EXPECT_EQ(ended.outcome.remaining, plan::RowRanges({{0, 10}}));
  const size_t calls = pool->calls();
  RunAt(site.get(), "object");
  EXPECT_GT(pool->calls(), calls) << "it may be idle the next time";
}

TEST(RadosSiteTest, RemembersWhatAPlacementGroupLacks) {
  const auto pool = std::make_shared<ScriptedPool>(std::vector{Error(-EOPNOTSUPP)});
  const auto site = MakeRadosSite(pool);
  const std::string reason = "the OSD has no class skyhook, or its pool is erasure-coded";
  for (int i = 0; i < 3; ++i) EXPECT_EQ(RunAt(site.get(), "object").outcome.reason, reason);
  EXPECT_EQ(pool->calls(), 1u);
  RunAt(site.get(), "object of another group");
  EXPECT_EQ(pool->calls(), 2u);
}

TEST(RadosSiteTest, DoesNotRememberAWorkerThatFailed) {
  const auto pool = std::make_shared<ScriptedPool>(std::vector{Error(-ESHUTDOWN), Answered()});
  const auto site = MakeRadosSite(pool);
  EXPECT_EQ(RunAt(site.get(), "object").outcome.reason, "the OSD's worker failed");
  EXPECT_EQ(RunAt(site.get(), "object").outcome.stopped_by, StoppedBy::kNothing);
}

TEST(RadosSiteTest, RefusesForAReplyThatIsDamaged) {
  Executed damaged = Answered();
  std::string bytes = damaged.output->ToString();
  bytes.back() ^= 1;
  damaged.output = arrow::Buffer::FromString(bytes);
  const auto pool = std::make_shared<ScriptedPool>(std::vector{damaged});
  const Ended ended = RunAt(MakeRadosSite(pool).get(), "object");
  EXPECT_EQ(ended.outcome.stopped_by, StoppedBy::kRefused);
  EXPECT_THAT(ended.outcome.reason, HasSubstr("whose checksum is not its own"));
}

TEST(RadosSiteTest, FailsForWhatIsAboutTheObject) {
  const auto status_of = [](int error) {
    const auto pool = std::make_shared<ScriptedPool>(std::vector{Error(error)});
    return RunAt(MakeRadosSite(pool).get(), "object").status;
  };
  EXPECT_THAT(status_of(-ENOENT), FailsWith(arrow::StatusCode::IOError, "rados://p/object"));
  EXPECT_THAT(status_of(-ERANGE), FailsWith(base::Code::kStaleObject, "rados://p/object"));
  EXPECT_THAT(status_of(-EOVERFLOW), FailsWith(base::Code::kStaleObject, "rados://p/object"));
}

TEST(RadosSiteTest, RefusesAVersionThatIsNone) {
  const auto pool = std::make_shared<ScriptedPool>(std::vector{Answered()});
  Request request = RequestFor("object");
  request.fragment.version = "seven";
  EXPECT_THAT(MakeRadosSite(pool)->Run(std::move(request)),
              FailsWith(arrow::StatusCode::Invalid, "'seven' is no version of an object"));
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
