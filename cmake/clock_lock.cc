// Linked into tests under the thread sanitizer. That of GCC 12 does not know of
// pthread_mutex_clocklock, which std::timed_mutex locks with: it would take each unlock of one for
// a fault, and what the mutex guards for a race. pthread_mutex_timedlock, which it knows, counts
// its time on the system's clock.
#include <pthread.h>

#include <ctime>

extern "C" int pthread_mutex_clocklock(pthread_mutex_t* mutex, clockid_t clock,
                                       const timespec* until) noexcept {
  constexpr long kNanos = 1'000'000'000;
  timespec now;
  timespec system;
  clock_gettime(clock, &now);
  clock_gettime(CLOCK_REALTIME, &system);
  timespec deadline{system.tv_sec + until->tv_sec - now.tv_sec,
                    system.tv_nsec + until->tv_nsec - now.tv_nsec};
  for (; deadline.tv_nsec < 0; deadline.tv_nsec += kNanos) --deadline.tv_sec;
  for (; deadline.tv_nsec >= kNanos; deadline.tv_nsec -= kNanos) ++deadline.tv_sec;
  return pthread_mutex_timedlock(mutex, &deadline);
}
