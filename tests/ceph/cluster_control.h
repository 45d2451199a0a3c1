// The cluster of the tests as an operator sees it: its daemons, and the workers of its OSDs.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "skyhook/testing/processes.h"

namespace skyhook::testing {

inline std::string ContentOf(const std::filesystem::path& file) {
  std::ifstream stream(file);
  std::ostringstream content;
  content << stream.rdbuf();
  return content.str();
}

/// Runs tools/cluster; `environment` is put before it.
inline void Cluster(const std::string& arguments, const std::string& environment = "") {
  const std::string command =
      fmt::format("{} {}/tools/cluster {} >/dev/null", environment, SKYHOOK_SOURCE_DIR, arguments);
  EXPECT_EQ(std::system(command.c_str()), 0) << command;
}

/// Waits for `done`; false when it was not after two minutes. A cluster on a busy machine may need
/// most of one to agree on what has happened: monitors write each step to the disk, and OSDs that
/// lost theirs look for one at growing intervals.
inline bool WaitUntil(const std::function<bool()>& done) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(2);
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return true;
}

/// The process of a daemon of the cluster, as it has written down itself.
inline int DaemonPid(const std::string& daemon) {
  const std::filesystem::path cluster(std::getenv("SKYHOOK_CLUSTER"));
  return std::atoi(ContentOf(cluster / "run" / (daemon + ".pid")).c_str());
}

/// The cluster's OSDs that run, as processes.
inline std::set<int> OsdPids() {
  std::set<int> pids;
  for (int osd = 0; osd < 3; ++osd) {
    const int pid = DaemonPid(fmt::format("osd.{}", osd));
    if (ContentOf(fmt::format("/proc/{}/comm", pid)) == "ceph-osd\n") pids.insert(pid);
  }
  return pids;
}

/// What /proc says of a worker of one of them.
struct Worker {
  int pid = 0;
  std::string status;
};

/// The number after `name` in a /proc/PID/status.
inline std::string StatusOf(const std::string& status, const std::string& name) {
  const size_t at = status.find("\n" + name + ":\t");
  if (at == std::string::npos) return "";
  const size_t begin = at + name.size() + 3;
  return status.substr(begin, status.find_first_of("\t\n", begin) - begin);
}

inline std::vector<Worker> Workers() {
  const std::set<int> osds = OsdPids();
  std::vector<Worker> workers;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string status = ContentOf(entry.path() / "status");
    if (status.rfind("Name:\tskyhook-", 0) != 0) continue;
    const int pid = std::stoi(entry.path().filename());
    if (HasEnded(pid) || !osds.contains(std::atoi(StatusOf(status, "PPid").c_str()))) continue;
    workers.push_back({pid, status});
  }
  return workers;
}

inline void SignalWorkers(int signal) {
  for (const Worker& worker : Workers()) ::kill(worker.pid, signal);
}

}  // namespace skyhook::testing
