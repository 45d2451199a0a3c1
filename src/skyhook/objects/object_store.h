// Where tables keep their objects: data that is written once, and pointers that are swung.
#pragma once

#include <arrow/buffer.h>
#include <arrow/result.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "skyhook/base/byte_source.h"

namespace skyhook::objects {

struct Checksum {
  int64_t bytes = 0;
  uint32_t crc32c = 0;

  bool operator==(const Checksum&) const = default;
};

struct ObjectInfo {
  int64_t bytes = 0;
  int64_t modified_ns = 0;  ///< since 1970, by the clock of the store
};

/// Shows others, for as long as it exists and its process lives, that somebody is at work. Its
/// destructor writes to the store.
class Presence {
 public:
  virtual ~Presence() = default;
};

/// A directory, or a pool of Ceph. Names are paths with `/`, the first component of which is a
/// table. Thread-safe.
///
/// After an error of something that writes, it may be written or not: who cares looks.
class ObjectStore {
 public:
  virtual ~ObjectStore() = default;

  /// How messages name an object.
  virtual std::string UriOf(const std::string& object) const = 0;

  /// Writes an object, durably, whole or not at all. False: there is one of this name, which stays
  /// as it is.
  virtual arrow::Result<bool> Create(const std::string& object, const arrow::Buffer& bytes) = 0;
  /// Nothing when there is no such object.
  virtual arrow::Result<std::optional<ObjectInfo>> Look(const std::string& object) = 0;
  virtual arrow::Result<std::shared_ptr<base::ByteSource>> OpenObject(
      const std::string& object) = 0;
  /// Size and checksum as the object is stored, computed where it lies if that can be.
  virtual arrow::Result<Checksum> ChecksumOf(const std::string& object);
  /// Removes an object; that there is none is no error.
  virtual arrow::Status Remove(const std::string& object) = 0;
  /// The names that begin with `prefix`, sorted; pointers are among them.
  virtual arrow::Result<std::vector<std::string>> List(const std::string& prefix) = 0;

  /// What a pointer says, at most kMostPointerBytes; nothing when there is none.
  virtual arrow::Result<std::optional<std::string>> ReadPointer(const std::string& pointer) = 0;
  /// Makes a pointer that says `expected` (nothing: that is not there) say `next` (nothing: be
  /// removed), durably and for all readers at once. False: it says something else.
  virtual arrow::Result<bool> SwingPointer(const std::string& pointer,
                                           const std::optional<std::string>& expected,
                                           const std::optional<std::string>& next) = 0;

  /// Shows presence by an object of this name, which nobody else has used.
  virtual arrow::Result<std::unique_ptr<Presence>> ShowPresence(const std::string& object) = 0;
  /// Whether somebody shows presence by an object of this name. In a directory this is certain. In
  /// a pool a process that does not answer within seconds is not present.
  virtual arrow::Result<bool> IsPresent(const std::string& object) = 0;

  static constexpr int64_t kMostPointerBytes = 4096;
};

/// A random name that no other process makes, of hexadecimal digits.
std::string UniqueId();

}  // namespace skyhook::objects
