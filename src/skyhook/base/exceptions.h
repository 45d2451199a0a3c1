// Where exceptions become statuses: none leaves a library, nor a thread.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <exception>
#include <future>
#include <new>
#include <system_error>
#include <utility>

namespace skyhook::base {

/// Runs `body`, which returns an arrow::Status or arrow::Result. What it throws is an OutOfMemory
/// or an UnknownError: a fault of the program.
template <typename Body>
auto CatchExceptions(Body&& body) -> decltype(body()) {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return arrow::Status::OutOfMemory("no memory is left");
  } catch (const std::exception& exception) {
    return arrow::Status::UnknownError("exception: ", exception.what());
  }
}

/// Runs `body` in a destructor: what it does is left undone where there is no memory for it. Any
/// other exception is a fault of the program, and ends it.
template <typename Body>
void UnlessMemoryLacks(Body&& body) noexcept {
  try {
    body();
  } catch (const std::bad_alloc&) {
    // Nobody can be told, and nothing that was promised depends on it.
  }
}

/// What an exception of another thread means to the one that asks.
inline arrow::Status StatusOf(const std::exception_ptr& thrown) {
  return CatchExceptions([&]() -> arrow::Status { std::rethrow_exception(thrown); });
}

/// Runs `body`, as CatchExceptions does, on a thread of its own; where there is none to be had,
/// when the future is asked. The future's destructor waits for it and does not throw.
template <typename Body>
auto Async(Body body) -> std::future<decltype(body())> {
  auto caught = [body = std::move(body)]() mutable { return CatchExceptions(body); };
  try {
    return std::async(std::launch::async, caught);
  } catch (const std::system_error&) {
    return std::async(std::launch::deferred, std::move(caught));
  }
}

}  // namespace skyhook::base
