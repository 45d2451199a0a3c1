// The objects of calls, and what a worker remembers of them.
#pragma once

#include <arrow/result.h>

#include <list>
#include <memory>
#include <string>
#include <utility>

#include "skyhook/format/fragment.h"
#include "skyhook/wire/request.h"
#include "worker/conversation.h"

namespace skyhook::worker {

/// The object of the call that is being made, as the class lends it.
class LentObject : public base::ByteSource {
 public:
  LentObject(std::string name, const Call& call, Conversation* conversation);

  int64_t size() const override { return size_; }
  const std::string& version() const override { return version_; }
  const std::string& name() const override { return name_; }
  arrow::Future<base::Buffers> ReadAsync(std::vector<base::ByteRange> ranges,
                                         arrow::StopToken) override;

  /// Of the conversation; it ends the worker when the class is gone.
  const arrow::Status& failure() const { return failure_; }

 private:
  const std::string name_;
  const std::string version_;
  const int64_t size_;
  Conversation* const conversation_;
  arrow::Status failure_;
};

/// Fragments stay open from call to call where the class says which object it is: footers are read
/// once. Keys are what the OSD knows, never what a client claims. Not thread-safe.
class Objects {
 public:
  explicit Objects(Conversation* conversation) : conversation_(conversation) {}

  struct Open {
    std::shared_ptr<LentObject> object;
    std::shared_ptr<format::Fragment> fragment;
  };
  /// The fragment of `request`, in the call's object. Adds what opening cost to `opening`. A
  /// failure of the conversation is returned as it is.
  arrow::Result<Open> Get(const Call& call, const wire::Request& request, plan::Cost* opening);

 private:
  /// Fragments of so many objects stay open, when so little was read to open them.
  static constexpr size_t kMostOpen = 32;
  /// Layouts count.
  static constexpr int64_t kMostFooterBytes = int64_t{1} << 20;

  struct Key {
    std::string identity;  // of the object; empty: the fragment is not kept
    std::string name;
    std::shared_ptr<const base::Layout> layout;

    bool operator==(const Key& other) const;
  };

  Conversation* const conversation_;
  std::list<std::pair<Key, Open>> open_;  // the one used last first
};

}  // namespace skyhook::worker
