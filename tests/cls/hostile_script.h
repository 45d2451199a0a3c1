// What a compromised worker does, read out of bytes: for tests of random ones, and for a fuzzer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tests/cls/worker_end.h"

namespace skyhook::cls {

/// Steps, one after the other, over as many workers as the class starts.
class HostileScript {
 public:
  HostileScript(std::span<const uint8_t> bytes, uint64_t object_bytes)
      : bytes_(bytes), object_bytes_(object_bytes) {}

  /// Is a worker until it closes, the class does, or the script is over.
  void Play(lending::WorkerEnd* end);
  bool over() const { return at_ == bytes_.size(); }

 private:
  bool TakeStep(lending::WorkerEnd* end);
  bool AskForRanges(lending::WorkerEnd* end);
  bool SayPacket(lending::WorkerEnd* end);
  void WriteWindow(lending::WorkerEnd* end);
  void ChangeWindow(lending::WorkerEnd* end);
  uint8_t Byte();
  /// Of any size, most often one at which something ends.
  uint64_t Number();

  std::span<const uint8_t> bytes_;
  const uint64_t object_bytes_;
  size_t at_ = 0;
};

/// Scripts of each step, and of calls that are answered as they should be.
std::vector<std::string> HostileScripts();

}  // namespace skyhook::cls
