// The conformance suite over real OSDs (tools/cluster): on a replicated pool, where they run what
// is asked of them, and on an erasure-coded one, where they must decline.
#include "skyhook/site/rados/rados_site.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <rados/librados.hpp>
#include <random>
#include <sstream>

#include "skyhook/testing/fake_sites.h"
#include "skyhook/testing/matchers.h"
#include "skyhook/testing/parquet_files.h"
#include "skyhook/testing/pipelines.h"
#include "skyhook/testing/result_rows.h"
#include "skyhook/testing/sealed_message.h"
#include "skyhook/testing/site_conformance.h"
#include "skyhook/wire/header.h"
#include "skyhook/wire/request.h"
#include "tests/ceph/cluster_control.h"
#include "tests/ceph/test_pool.h"

namespace skyhook::testing {
namespace {

/// Objects of a namespace of the test's own, which are removed with it.
class RadosFixture : public SiteFixture {
 public:
  explicit RadosFixture(const std::string& pool)
      : pool_(pool, NameSpace()),
        site_(site::rados::MakeRadosSite(Require(objects::OpenRadosPool({}, pool, NameSpace())),
                                         std::make_shared<base::Timer>())) {}
  ~RadosFixture() override { pool_.RemoveAll(); }

  std::shared_ptr<site::Site> site() override { return site_; }
  site::FragmentId Put(const std::string& name, const arrow::Buffer& bytes) override {
    pool_.Write(name, bytes);
    return {name, ""};
  }

  TestPool& pool() { return pool_; }

 private:
  static std::string NameSpace() {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    return fmt::format("{}-{}", test == nullptr ? "test" : test->name(), ::getpid());
  }

  TestPool pool_;
  std::shared_ptr<site::Site> site_;
};

/// Fails where a site declines that was expected to answer.
class AnsweringSite : public ForwardingSite {
 public:
  using ForwardingSite::ForwardingSite;
  arrow::Result<std::unique_ptr<site::Answer>> Run(site::Request request) override {
    ARROW_ASSIGN_OR_RAISE(auto answer, ForwardingSite::Run(std::move(request)));
    return std::make_unique<ExpectedAnswer>(std::move(answer));
  }

 private:
  class ExpectedAnswer : public site::Answer {
   public:
    explicit ExpectedAnswer(std::unique_ptr<site::Answer> answer) : answer_(std::move(answer)) {}
    arrow::Result<std::shared_ptr<arrow::RecordBatch>> Next() override {
      auto batch = answer_->Next();
      EXPECT_NE(outcome().stopped_by, plan::StoppedBy::kRefused) << outcome().reason;
      return batch;
    }
    const plan::Outcome& outcome() const override { return answer_->outcome(); }

   private:
    std::unique_ptr<site::Answer> answer_;
  };
};

class AnsweringFixture : public RadosFixture {
 public:
  AnsweringFixture() : RadosFixture("replicated") {}
  std::shared_ptr<site::Site> site() override {
    return std::make_shared<AnsweringSite>(RadosFixture::site());
  }
};

/// Fragments in pieces of objects, with a tail that lies in none.
class ScatteredFixture : public RadosFixture {
 public:
  explicit ScatteredFixture(std::vector<std::string> objects)
      : RadosFixture("replicated"), objects_(std::move(objects)) {}
  site::FragmentId Put(const std::string& name, const arrow::Buffer& bytes) override {
    std::map<std::string, std::string> held;
    auto layout = std::make_shared<base::Layout>(Scattered(bytes, objects_, &held));
    for (const auto& [object, text] : held) {
      RadosFixture::Put(object, *arrow::Buffer::FromString(text));
    }
    return {name, "", -1, std::move(layout)};
  }

 private:
  const std::vector<std::string> objects_;
};

/// Pieces of one object: the OSD that has it answers.
class ExtentsFixture : public ScatteredFixture {
 public:
  ExtentsFixture() : ScatteredFixture({"one"}) {}
  std::shared_ptr<site::Site> site() override {
    return std::make_shared<AnsweringSite>(RadosFixture::site());
  }
};

const SiteParameter kExtents{"Extents", [] { return std::make_unique<ExtentsFixture>(); }};
const SiteParameter kScattered{
    "Scattered", [] {
      return std::make_unique<ScatteredFixture>(std::vector<std::string>{"one", "two"});
    }};
const SiteParameter kReplicated{"Replicated", [] { return std::make_unique<AnsweringFixture>(); }};
const SiteParameter kErasure{"Erasure", [] { return std::make_unique<RadosFixture>("erasure"); }};

INSTANTIATE_TEST_SUITE_P(Rados, SiteConformance,
                         ::testing::Values(kReplicated, kErasure, kExtents, kScattered), SiteName);

TEST(RadosSite, AnErasureCodedPoolSaysWhyItDeclines) {
  RadosFixture fixture("erasure");
  const auto schema = arrow::schema({arrow::field("x", arrow::int64())});
  const auto name = fixture.Put("x.parquet", *ParquetBytes(*TableOf(schema, "1\n2\n"))).name;
  site::Request request;
  request.pipeline = ReadAll(*schema);
  request.fragment = {name, ""};
  request.slice.rows = plan::RowRanges::All(2);
  const auto answer = Require(fixture.site()->Run(request));
  EXPECT_EQ(Require(answer->Next()), nullptr);
  EXPECT_EQ(answer->outcome().stopped_by, plan::StoppedBy::kRefused);
  EXPECT_EQ(answer->outcome().reason, "the OSD has no class skyhook, or its pool is erasure-coded");
}

/// What the class says of itself where an object lies: "name=value" lines.
std::map<std::string, std::string> DescriptionAt(librados::IoCtx* io, const std::string& object) {
  librados::bufferlist in;
  librados::bufferlist out;
  EXPECT_EQ(io->exec(object, "skyhook", "describe", in, out), 0);
  std::istringstream lines(out.to_str());
  std::map<std::string, std::string> description;
  for (std::string line; std::getline(lines, line);) {
    const size_t equals = line.find('=');
    description[line.substr(0, equals)] = line.substr(equals + 1);
  }
  return description;
}

/// `message` with a few bytes changed, under a checksum that is right again.
std::string Mutated(std::string message, std::mt19937* random) {
  for (int i = 0; i < 3; ++i) {
    message[sizeof(wire::Header) + (*random)() % (message.size() - sizeof(wire::Header))] =
        static_cast<char>((*random)());
  }
  return Sealed(std::move(message));
}

TEST(RadosSite, HostileRequestsEndNeitherTheOsdNorItsWorkers) {
  RadosFixture fixture("replicated");
  const auto schema = arrow::schema({arrow::field("x", arrow::int64())});
  const auto name = fixture.Put("x.parquet", *ParquetBytes(*TableOf(schema, "1\n2\n"))).name;
  wire::Request request;
  request.pipeline = ReadAll(*schema);
  request.slice.rows = plan::RowRanges::All(2);
  const std::string message = Require(wire::EncodeRequest(request, 100));
  librados::IoCtx& io = fixture.pool().io();
  auto before = DescriptionAt(&io, name);
  std::mt19937 random(2026);
  int answered = 0;
  for (int i = 0; i < 500; ++i) {
    librados::bufferlist in;
    librados::bufferlist out;
    in.append(i % 10 == 0 ? message.substr(0, random() % message.size())
                          : Mutated(message, &random));
    answered += io.exec(name, "skyhook", "scan", in, out) == 0 ? 1 : 0;
  }
  auto after = DescriptionAt(&io, name);
  EXPECT_GT(answered, 300) << "with an error in words, or rows";
  EXPECT_EQ(after["pid"], before["pid"]);
  EXPECT_EQ(after["workers_crashed"], before["workers_crashed"]);
  EXPECT_EQ(after["workers_timed_out"], before["workers_timed_out"]);
  EXPECT_EQ(std::stoi(after["calls"]), std::stoi(before["calls"]) + 500);
}

class WorkerTest : public ::testing::Test {
 protected:
  WorkerTest() {
    const auto schema = arrow::schema({arrow::field("x", arrow::int64())});
    request_.pipeline = ReadAll(*schema);
    request_.fragment = fixture_.Put("x.parquet", *ParquetBytes(*TableOf(schema, "1\n2\n")));
    request_.slice.rows = plan::RowRanges::All(2);
  }
  std::vector<std::string> Ask() {
    const auto answer = Require(fixture_.site()->Run(request_));
    std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
    while (auto batch = Require(answer->Next())) batches.push_back(batch);
    return RowsOf(batches);
  }

  AnsweringFixture fixture_;
  site::Request request_;
};

TEST_F(WorkerTest, HasNoPrivileges) {
  ASSERT_EQ(Ask(), (std::vector<std::string>{"1", "2"}));
  const auto workers = Workers();
  ASSERT_FALSE(workers.empty());
  for (const Worker& worker : workers) {
    for (const auto& thread :
         std::filesystem::directory_iterator(fmt::format("/proc/{}/task", worker.pid))) {
      const std::string status = ContentOf(thread.path() / "status");
      EXPECT_EQ(StatusOf(status, "Seccomp"), "2");
      EXPECT_EQ(StatusOf(status, "NoNewPrivs"), "1");
      EXPECT_EQ(StatusOf(status, "CapEff"), "0000000000000000");
      EXPECT_NE(StatusOf(status, "Uid"), "0");
    }
  }
}

TEST_F(WorkerTest, ThatWasKilledWhileIdleIsReplaced) {
  ASSERT_EQ(Ask(), (std::vector<std::string>{"1", "2"}));
  const auto workers = Workers();
  ASSERT_FALSE(workers.empty());
  for (const Worker& worker : workers) ASSERT_EQ(::kill(worker.pid, SIGKILL), 0);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!Workers().empty() && std::chrono::steady_clock::now() < deadline) {
  }
  ASSERT_TRUE(Workers().empty());
  // No refusal, and no strike against the plan: AnsweringFixture would not have it.
  for (int i = 0; i < 4; ++i) EXPECT_EQ(Ask(), (std::vector<std::string>{"1", "2"}));
}

TEST_F(WorkerTest, ThatIsStoppedIsEndedAtTheDeadline) {
  ASSERT_EQ(Ask(), (std::vector<std::string>{"1", "2"}));
  const auto workers = Workers();
  ASSERT_FALSE(workers.empty());
  for (const Worker& worker : workers) ASSERT_EQ(::kill(worker.pid, SIGSTOP), 0);
  const auto answer = Require(fixture_.RadosFixture::site()->Run(request_));
  EXPECT_EQ(Require(answer->Next()), nullptr);
  EXPECT_EQ(answer->outcome().stopped_by, plan::StoppedBy::kRefused);
  EXPECT_EQ(answer->outcome().reason, "the OSD's worker did not answer in time");
  EXPECT_EQ(answer->outcome().remaining.rows, request_.slice.rows);
  for (const Worker& worker : workers) ::kill(worker.pid, SIGKILL);
  EXPECT_EQ(Ask(), (std::vector<std::string>{"1", "2"}));
}

}  // namespace
}  // namespace skyhook::testing
