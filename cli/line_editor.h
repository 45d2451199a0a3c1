// A line typed at a prompt: edited, completed, and recalled from a history that outlives the
// program.
#pragma once

#include <arrow/result.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace skyhook::cli {

struct Line {
  enum class Kind {
    kText,       ///< with its text
    kAbandoned,  ///< Ctrl-C: what was typed so far is dropped
    kEnd,        ///< Ctrl-D on an empty line, or the end of the input
  };
  Kind kind = Kind::kText;
  std::string text;
};

/// What may stand in the place of the end of `before`, the text in front of the cursor. `word` is
/// how many bytes of that end the candidates replace; all of them begin with those bytes.
struct Completions {
  size_t word = 0;
  std::vector<std::string> candidates;
};
using Completer = std::function<Completions(const std::string& before)>;

/// On the terminal of standard input; prompts go to standard error. Not thread-safe.
class LineEditor {
 public:
  virtual ~LineEditor() = default;

  /// Reads `history_file` (may be empty: no file), which need not be there yet. Fails when the
  /// terminal cannot be used.
  static arrow::Result<std::unique_ptr<LineEditor>> Open(std::string history_file,
                                                         Completer completer);

  virtual Line Read(const std::string& prompt) = 0;

  /// Adds an entry, which may have several lines, to the history and to its file. That the file
  /// cannot be written is no error.
  virtual void Remember(const std::string& entry) = 0;
};

/// Where the history is kept: $SKYHOOK_HISTORY, else .skyhook_history in the home directory; empty
/// where there is none.
std::string HistoryFile();

}  // namespace skyhook::cli
