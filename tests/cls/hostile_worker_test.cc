// What the object class makes of workers that were taken over by what they parsed.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <limits>
#include <random>

#include "cls/object_class.h"
#include "skyhook/testing/sanitized.h"
#include "skyhook/wire/header.h"
#include "tests/cls/fake_osd.h"
#include "tests/cls/hostile_script.h"
#include "tests/cls/requests.h"
#include "tests/cls/worker_end.h"

namespace skyhook::cls {
namespace {

using lending::Kind;
using lending::kWindowBytes;
using lending::Message;
using lending::Range;
using lending::WorkerEnd;
using lending::WorkerThreads;
using testing::kSanitized;

/// What a worker does with a call that it was told of.
using Behaviour = std::function<void(WorkerEnd*)>;

constexpr size_t kObjectBytes = 1000;
constexpr int kShortMs = 200;

/// Under which a call that is not ended hangs.
Settings PatientSettings() {
  Settings settings;
  settings.calls = 1;  // WorkerThreads plays one worker at a time
  settings.deadline_ms = 3'600'000;
  settings.reads_ms = 3'600'000;
  settings.reply_bytes = int64_t{6} << 20;
  return settings;
}

class HostileWorkerTest : public ::testing::Test {
 protected:
  Called Call(const Behaviour& behaviour) {
    return CallTimes(1, [&](WorkerEnd* end) {
      if (end->Begin()) behaviour(end);
    });
  }
  /// Calls one class so many times; what came of the last.
  Called CallTimes(int times, const Behaviour& behaviour) {
    WorkerThreads threads(behaviour);
    ObjectClass object_class(settings_, threads.starter());
    Called called;
    for (int i = 0; i < times; ++i) {
      called = CallScan(&object_class, settings_, &object_, Encoded(settings_.deadline_ms));
      EXPECT_EQ(called.broken, "");
    }
    description_ = CallDescribe(&object_class);
    return called;
  }
  /// The result where the worker asks for these ranges; reads must not have been made.
  int ResultOfReading(const std::vector<Range>& ranges, uint32_t num_ranges) {
    const Called called = Call([&](WorkerEnd* end) {
      Message message;
      message.kind = Kind::kRead;
      message.num_ranges = num_ranges;
      std::copy(ranges.begin(), ranges.end(), message.ranges);
      if (end->Say(message) && end->Hear(&message)) end->Say(Kind::kReplyEnd, end->FrameReply(0));
      end->Hang();
    });
    return called.result;
  }

  Settings settings_ = PatientSettings();
  FakeObject object_{.bytes = std::string(kObjectBytes, 'x')};
  std::map<std::string, std::string> description_;
};

TEST_F(HostileWorkerTest, RangesInTheObjectAndTheWindowAreRead) {
  EXPECT_EQ(ResultOfReading({{0, kObjectBytes, 0}, {kObjectBytes, 0, kWindowBytes}}, 2), 0);
  EXPECT_EQ(object_.reads, 1);
}

TEST_F(HostileWorkerTest, RangesOutsideOfTheObjectAreNotRead) {
  constexpr auto kLargest = std::numeric_limits<uint64_t>::max();
  for (const Range& range : std::vector<Range>{{0, kObjectBytes + 1, 0},
                                               {kObjectBytes, 1, 0},
                                               {kObjectBytes - 1, 2, 0},
                                               {kObjectBytes + 1, 0, 0},
                                               {kLargest, 1, 0},
                                               {kLargest - 1, 2, 0},
                                               {uint64_t{1} << 32, 1, 0},
                                               {std::numeric_limits<int>::max(), 1, 0}}) {
    EXPECT_EQ(ResultOfReading({range}, 1), -EPROTO) << range.offset << " " << range.bytes;
  }
  EXPECT_EQ(object_.reads, 0);
}

TEST_F(HostileWorkerTest, RangesOutsideOfTheWindowAreNotRead) {
  constexpr auto kLargest = std::numeric_limits<uint32_t>::max();
  constexpr auto kWindow = static_cast<uint32_t>(kWindowBytes);
  for (const Range& range : std::vector<Range>{
           {0, 1, kWindow}, {0, 2, kWindow - 1}, {0, 1, kLargest}, {0, 0, kWindow + 1}}) {
    EXPECT_EQ(ResultOfReading({range}, 1), -EPROTO) << range.bytes << " " << range.place;
  }
  object_.bytes.assign(2 * kWindowBytes, 'x');
  EXPECT_EQ(ResultOfReading({{0, kWindow + 1, 0}}, 1), -EPROTO);
  EXPECT_EQ(object_.reads, 0);
}

TEST_F(HostileWorkerTest, MoreRangesThanAMessageHoldsAreNotRead) {
  const std::vector<Range> ranges(lending::kMostRanges, {0, 1, 0});
  EXPECT_EQ(ResultOfReading(ranges, lending::kMostRanges + 1), -EPROTO);
  EXPECT_EQ(ResultOfReading(ranges, std::numeric_limits<uint32_t>::max()), -EPROTO);
  EXPECT_EQ(object_.reads, 0);
}

TEST_F(HostileWorkerTest, NothingIsReadBeyondTheTimeForReads) {
  settings_.reads_ms = kShortMs;
  object_.before_read = [this] {
    const int64_t late_ms = lending::NowMs() + settings_.reads_ms;
    while (lending::NowMs() < late_ms) {
    }
    return 0;
  };
  EXPECT_EQ(ResultOfReading(std::vector<Range>(lending::kMostRanges, {0, 1, 0}), 64), 0);
  EXPECT_EQ(object_.reads, 1);
  EXPECT_EQ(description_["calls_with_slow_reads"], "1") << "a refusal in words";
}

TEST_F(HostileWorkerTest, TheOnlyOneIsAskedAgainThoughItWasBusy) {
  const auto called = CallTimes(3, [](WorkerEnd* end) {
    Message call;
    if (!end->Say(Kind::kReady)) return;
    while (end->Hear(&call) && end->Say(Kind::kBusy)) {
    }
  });
  EXPECT_EQ(called.result, -EBUSY);
  EXPECT_EQ(description_["calls_busy"], "3");
}

TEST_F(HostileWorkerTest, AReplyKeepsToItsLimits) {
  const auto exactly = [](uint64_t bytes) {
    return [bytes](WorkerEnd* end) {
      end->Say(Kind::kReplyEnd, end->FrameReply(static_cast<uint32_t>(bytes - 40)));
    };
  };
  EXPECT_EQ(Call(exactly(kWindowBytes)).result, 0);
  EXPECT_EQ(Call(exactly(kWindowBytes + 1)).result, -EPROTO);
  EXPECT_EQ(Call([](WorkerEnd* end) { end->Say(Kind::kReplyEnd, ~uint64_t{0}); }).result, -EPROTO);
  // One window fits, and two do not.
  Message go_on;
  const auto parts = [&](WorkerEnd* end) {
    while (end->Say(Kind::kReplyPart, kWindowBytes) && end->Hear(&go_on)) {
    }
  };
  EXPECT_EQ(Call(parts).result, -EPROTO);
  settings_.reply_bytes = lending::kLeastReplyBytes;
  EXPECT_EQ(Call(exactly(lending::kLeastReplyBytes)).result, 0);
  EXPECT_EQ(Call(exactly(lending::kLeastReplyBytes + 1)).result, -EPROTO);
}

TEST_F(HostileWorkerTest, PartsWithoutEndStopAtTheDeadline) {
  settings_.deadline_ms = kShortMs;
  Message go_on;
  EXPECT_EQ(Call([&](WorkerEnd* end) {
              while (end->Say(Kind::kReplyPart) && end->Hear(&go_on)) {
              }
            }).result,
            -ETIMEDOUT);
  EXPECT_EQ(description_["workers_timed_out"], "1");
}

TEST_F(HostileWorkerTest, ReadsWithoutEndStopAtTheDeadline) {
  settings_.deadline_ms = kShortMs;
  Message message;
  message.kind = Kind::kRead;
  message.num_ranges = lending::kMostRanges;
  for (Range& range : message.ranges) range = {0, kObjectBytes, 0};
  EXPECT_EQ(Call([&](WorkerEnd* end) {
              Message done;
              while (end->Say(message) && end->Hear(&done)) {
              }
            }).result,
            -ETIMEDOUT);
  // One that does not even listen.
  EXPECT_EQ(Call([&](WorkerEnd* end) {
              while (end->Say(message)) {
              }
            }).result,
            -ETIMEDOUT);
}

TEST_F(HostileWorkerTest, AReplyWithoutAFrameIsNone) {
  EXPECT_EQ(Call([](WorkerEnd* end) { end->Say(Kind::kReplyEnd, 0); }).result, -EPROTO);
  EXPECT_EQ(Call([](WorkerEnd* end) { end->Say(Kind::kReplyEnd, 39); }).result, -EPROTO);
  EXPECT_EQ(Call([](WorkerEnd* end) {
              end->FrameReply(8);
              end->Say(Kind::kReplyEnd, 47);
            }).result,
            -EPROTO);
}

TEST_F(HostileWorkerTest, AReplyInSmallPartsIsOne) {
  const Called called = Call([](WorkerEnd* end) {
    const std::string whole(reinterpret_cast<char*>(end->bytes()), end->FrameReply(8));
    Message go_on;
    for (size_t i = 0; i + 1 < whole.size(); ++i) {
      end->bytes()[0] = static_cast<uint8_t>(whole[i]);
      end->Say(Kind::kReplyPart, 1);
      end->Hear(&go_on);
    }
    end->bytes()[0] = static_cast<uint8_t>(whole.back());
    end->Say(Kind::kReplyEnd, 1);
  });
  EXPECT_EQ(called.result, 0);
  EXPECT_EQ(called.reply.size(), 48u);
}

TEST_F(HostileWorkerTest, WhatIsNoMessageEndsTheCall) {
  for (const auto kind :
       {Kind::kReady, Kind::kCall, Kind::kReadDone, Kind::kGoOn, Kind{0}, Kind{~uint32_t{0}}}) {
    EXPECT_EQ(Call([&](WorkerEnd* end) { end->Say(kind); }).result, -EPROTO);
  }
  for (const size_t bytes : {size_t{1}, sizeof(Message) - 1, sizeof(Message) + 1, size_t{60'000}}) {
    EXPECT_EQ(Call([&](WorkerEnd* end) {
                Message reply;
                reply.kind = Kind::kReplyEnd;
                reply.bytes = end->FrameReply(8);
                std::string packet(reinterpret_cast<const char*>(&reply), sizeof(reply));
                packet.resize(bytes);
                end->SayBytes(packet);
              }).result,
              -EPROTO);
  }
  EXPECT_EQ(Call([](WorkerEnd* end) { end->SayBytes(""); }).result, -ESHUTDOWN);
}

TEST_F(HostileWorkerTest, AnEndOfTheConversationIsNoticedAtOnce) {
  EXPECT_EQ(Call([](WorkerEnd*) {}).result, -ESHUTDOWN);
  EXPECT_EQ(Call([](WorkerEnd* end) {
              shutdown(end->socket(), SHUT_RDWR);
              end->Hang();
            }).result,
            -ESHUTDOWN);
  EXPECT_EQ(CallTimes(1, [](WorkerEnd*) {}).result, -ENOTCONN);
}

TEST_F(HostileWorkerTest, ThatHangsIsEndedAtTheDeadline) {
  settings_.deadline_ms = kShortMs;
  EXPECT_EQ(Call([](WorkerEnd* end) { end->Hang(); }).result, -ETIMEDOUT);
  EXPECT_EQ(CallTimes(1, [](WorkerEnd* end) { end->Hang(); }).result, -ETIMEDOUT);
}

TEST_F(HostileWorkerTest, OfAnotherProtocolIsNoWorker) {
  EXPECT_EQ(CallTimes(1,
                      [](WorkerEnd* end) {
                        Message ready;
                        ready.protocol = lending::kProtocol + 1;
                        end->Say(ready);
                        end->Hang();
                      })
                .result,
            -ENOTCONN);
}

TEST_F(HostileWorkerTest, TheWindowCannotBeShrunkNorSealed) {
  const Called called = Call([](WorkerEnd* end) {
    EXPECT_EQ(ftruncate(end->window(), 0), -1);
    EXPECT_EQ(ftruncate(end->window(), 2 * kWindowBytes), -1);
    for (const int seal : {F_SEAL_WRITE, F_SEAL_FUTURE_WRITE}) {
      EXPECT_EQ(fcntl(end->window(), F_ADD_SEALS, seal), -1);
    }
    // Its pages it may give back: they come again as zeros.
    EXPECT_EQ(fallocate(end->window(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, kWindowBytes),
              0);
    end->Say(Kind::kReplyEnd, end->FrameReply(kWindowBytes / 2));
  });
  EXPECT_EQ(called.result, 0);
  EXPECT_EQ(called.reply.size(), sizeof(wire::Header) + kWindowBytes / 2);
}

TEST_F(HostileWorkerTest, WhatIsSaidAfterAReplyAnswersNoOtherCall) {
  std::atomic<int> talked = 0;
  WorkerThreads threads([&](WorkerEnd* end) {
    if (!end->Begin()) return;
    end->Say(Kind::kReplyEnd, end->FrameReply(8));
    end->Say(Kind::kReplyEnd, 48);
    ++talked;
    end->Hang();
  });
  ObjectClass object_class(settings_, threads.starter());
  for (int i = 1; i <= 3; ++i) {
    EXPECT_EQ(CallScan(&object_class, settings_, &object_, Encoded(10'000)).result, 0);
    while (talked < i && threads.started() == i) {
    }
  }
  EXPECT_EQ(threads.started(), 3);
}

TEST_F(HostileWorkerTest, APlanThatEndedTwoWorkersIsRefused) {
  const Called called = CallTimes(3, [](WorkerEnd* end) { end->Begin(); });
  EXPECT_EQ(called.result, 0);
  EXPECT_NE(called.reply.find("this plan ended 2 workers"), std::string::npos);
  EXPECT_EQ(description_["workers_crashed"], "2");
}

/// Calls until the script is over.
void Play(const std::string& script) {
  Settings settings = PatientSettings();
  settings.deadline_ms = 1;
  settings.quarantine_s = 0;
  FakeObject object{.bytes = std::string(kObjectBytes, 'x')};
  const std::vector<uint8_t> bytes(script.begin(), script.end());
  HostileScript hostile(bytes, kObjectBytes);
  WorkerThreads threads([&](WorkerEnd* end) { hostile.Play(end); });
  ObjectClass object_class(settings, threads.starter());
  const std::string request = Encoded(1);
  for (int i = 0; i < 4; ++i) {
    ASSERT_EQ(CallScan(&object_class, settings, &object, request).broken, "")
        << ::testing::PrintToString(bytes);
  }
}

TEST(HostileScriptTest, EachStep) {
  for (const std::string& script : HostileScripts()) Play(script);
}

TEST(HostileScriptTest, StepsAtRandom) {
  std::mt19937 random(2026);
  for (int i = 0; i < (kSanitized ? 200 : 500); ++i) {
    std::string script(random() % 60, '\0');
    for (char& byte : script) byte = static_cast<char>(random());
    Play(script);
  }
}

}  // namespace
}  // namespace skyhook::cls
