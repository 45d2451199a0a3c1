// What the object class and the worker beside it say to each other: plain structs, one to a packet
// of a SOCK_SEQPACKET socket, and a window of shared memory for bytes. Includes nothing.
//
// The class spawns a worker with the socket as descriptor kSocket and the window as kWindow. The
// worker says kReady once it has given up its privileges. Then, for each call:
//
//   class  -> worker   kCall: the request lies in the window
//   worker -> class    kRead: ranges of the object, each to be put at its place in the window
//   class  -> worker   kReadDone: they are there, or `result` is an error number
//   worker -> class    kReplyPart: bytes of the reply lie at the window's start; class: kGoOn
//   worker -> class    kReplyEnd: the same, and they are the last; the worker waits for a call
//   worker -> class    kBusy, in place of all that: it still works on another scan's call
//
// A worker under a service of its own is asked for at a socket's name (SOCK_SEQPACKET): the class
// sends one byte, with its socket and its window as SCM_RIGHTS, in this order. Whoever listens
// starts a worker over them, and ends it when the class closes the connection.
//
// The class trusts nothing that a worker says: it checks every number before it uses it, and ends a
// worker that breaks the order above, asks for bytes outside of its object, or outlives its
// deadline. The worker ends with its socket.
#pragma once

#include <cstdint>

namespace skyhook::lending {

/// Raised with every change of what is below; kReady tells it.
inline constexpr uint32_t kProtocol = 3;

inline constexpr int kSocket = 3;
inline constexpr int kWindow = 4;
inline constexpr uint64_t kWindowBytes = uint64_t{4} << 20;
inline constexpr uint32_t kMostRanges = 64;
inline constexpr uint32_t kMostIdBytes = 32;
/// Room for a refusal or an error, whatever a request allows.
inline constexpr uint64_t kLeastReplyBytes = 4096;

/// The worker goes on working for the call that it replied to.
inline constexpr int32_t kGoesOn = 1;

enum class Kind : uint32_t {
  kReady = 1,
  kCall,
  kRead,
  kReadDone,
  kReplyPart,
  kGoOn,
  kReplyEnd,
  kBusy
};

struct Range {
  uint64_t offset = 0;  ///< in the object
  uint32_t bytes = 0;
  uint32_t place = 0;  ///< in the window
};

struct Message {
  Kind kind = Kind::kReady;
  uint32_t protocol = kProtocol;
  int32_t result = 0;         ///< kReadDone: 0, or a negative error number; kReplyEnd: or kGoesOn
  uint32_t deadline_ms = 0;   ///< kCall: what is left of the call's time
  uint64_t bytes = 0;         ///< in the window: of the request, or of the reply's part
  uint64_t object_bytes = 0;  ///< kCall
  int64_t object_mtime = 0;   ///< kCall: nanoseconds since 1970
  uint64_t reply_bytes = 0;   ///< kCall: the most bytes of the whole reply
  uint32_t num_ranges = 0;    ///< kRead
  uint32_t zero = 0;
  /// kCall: what makes out the object together with its size and time, whoever asks; all zero where
  /// nothing does.
  char object_id[kMostIdBytes] = {};
  Range ranges[kMostRanges] = {};
};
static_assert(sizeof(Message) == 56 + kMostIdBytes + 16 * kMostRanges);

}  // namespace skyhook::lending
