// What placement may know of a site.
#pragma once

#include <string>

namespace skyhook::site {

struct Profile {
  std::string kind;      ///< "local", "rados", "flight", "csd"
  std::string location;  ///< for people: a directory, a pool, an address
  bool runs_pipelines = false;
  bool remote = false;  ///< its bytes and replies travel, and its calls run beside ours
};

}  // namespace skyhook::site
