// Verbs of the program that are cut off before each of their changes.
#pragma once

#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "skyhook/objects/object_store.h"

namespace skyhook::crash {

/// A store that is put back to what it was before each cut.
class Place {
 public:
  virtual ~Place() = default;
  virtual std::string Uri() const = 0;  ///< of the table `t`
  /// The path of a file that verbs put.
  virtual std::string FileNamed(const std::string& name) const = 0;
  virtual std::shared_ptr<objects::ObjectStore> Open() const = 0;
  virtual void Save() = 0;
  virtual void Restore() = 0;
  /// The library that counts the changes.
  virtual std::string Preloaded() const = 0;
};

struct Verb {
  std::string name;
  std::vector<std::string> arguments;  ///< `FILE` and `TABLE` stand for theirs
  bool table_before = true;            ///< a table of kRowsBefore rows, of several snapshots
  int64_t rows_after = 0;              ///< of the current snapshot; -1: there is no table
  bool adds = false;                   ///< done twice, it adds the rows of FILE twice
  int least_steps = 0;                 ///< changes that it makes at least
};
void PrintTo(const Verb& verb, std::ostream* out);

std::vector<Verb> Verbs();

/// Kills `verb` before its first change, before its second, and so on, until it comes to its end;
/// says how often. After each cut, what is there is whole, never counted wrongly, and the same verb
/// comes to its end, after which vacuum leaves what is needed and nothing else.
int CutOffEverywhere(Place* place, const Verb& verb);

}  // namespace skyhook::crash
