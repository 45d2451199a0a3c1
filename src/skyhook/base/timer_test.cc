// A timer runs what is due, in order, and nothing after it has gone.
#include "skyhook/base/timer.h"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <vector>

namespace skyhook::base {
namespace {

TEST(TimerTest, RunsWhatIsDueInItsOrder) {
  using std::chrono::milliseconds;
  std::vector<int> order;
  std::promise<void> done;
  Timer timer;
  timer.Run(milliseconds(60), [&] {
    order.push_back(3);
    done.set_value();
  });
  timer.Run(milliseconds(1), [&] {
    order.push_back(1);
    timer.Run(milliseconds(10), [&] { order.push_back(2); });
  });
  done.get_future().wait();
  EXPECT_EQ(order, (std::vector{1, 2, 3}));
}

TEST(TimerTest, DropsWhatIsNotDueWhenItGoes) {
  bool ran = false;
  {
    Timer timer;
    timer.Run(std::chrono::hours(1), [&] { ran = true; });
  }
  EXPECT_FALSE(ran);
}

}  // namespace
}  // namespace skyhook::base
