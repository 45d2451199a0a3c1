// A daemon in the process of a test.
#pragma once

#include <memory>
#include <string>

#include "daemon/server.h"
#include "daemon/service.h"
#include "daemon/settings.h"
#include "skyhook/testing/matchers.h"
#include "skyhook/testing/temporary_directory.h"

namespace skyhook::daemon {

/// Serves the files of a directory as export `t`, until it goes.
class RunningDaemon {
 public:
  explicit RunningDaemon(int calls = 16)
      : server_(SettingsOf(calls), ServiceOf(calls), [](auto&) {}) {
    testing::Require(server_.Start());
  }
  ~RunningDaemon() { testing::Require(server_.Drain()); }

  std::string address() const { return server_.address(); }
  /// Of a file in the directory.
  std::string File(const std::string& name) const { return directory_.File(name); }

 private:
  Settings SettingsOf(int calls) const {
    Settings settings;
    settings.exports = {{"t", directory_.path()}};
    settings.listen = "grpc://127.0.0.1:0";
    settings.calls = calls;
    settings.memory_bytes = int64_t{1} << 30;
    settings.spill_directory = directory_.path();
    settings.drain_seconds = 1;
    return settings;
  }
  std::unique_ptr<Service> ServiceOf(int calls) const {
    return testing::Require(Service::Make(SettingsOf(calls), nullptr));
  }

  testing::TemporaryDirectory directory_;
  Server server_;
};

}  // namespace skyhook::daemon
