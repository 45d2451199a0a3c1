#include "cli/line_editor.h"

#include <histedit.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "cli/display_width.h"
#include "cli/standard_error.h"

namespace skyhook::cli {
namespace {

using arrow::Status;

constexpr int kHistoryEntries = 1000;
constexpr mode_t kOnlyOwner = 0600;

// The longest beginning that all share.
std::string CommonBeginning(const std::vector<std::string>& texts) {
  std::string common = texts.front();
  for (const std::string& text : texts) {
    const auto differ = std::mismatch(common.begin(), common.end(), text.begin(), text.end());
    common.erase(differ.first, common.end());
  }
  return common;
}

// In columns that fit into 80 characters.
void ShowCandidates(const std::vector<std::string>& candidates) {
  constexpr size_t kWidth = 80;
  constexpr size_t kMost = 100;
  size_t widest = 0;
  for (const auto& candidate : candidates) widest = std::max(widest, DisplayWidth(candidate) + 2);
  std::string text = "\n";
  size_t used = 0;
  for (size_t i = 0; i < std::min(candidates.size(), kMost); ++i) {
    if (used > 0 && used + widest > kWidth) text += '\n';
    if (used + widest > kWidth) used = 0;
    text += candidates[i] + std::string(widest - DisplayWidth(candidates[i]), ' ');
    used += widest;
  }
  if (candidates.size() > kMost) text += "...";
  Tell(text + "\n");
}

class EditLineEditor : public LineEditor {
 public:
  EditLineEditor(std::string history_file, Completer completer)
      : history_file_(std::move(history_file)), completer_(std::move(completer)) {}

  ~EditLineEditor() override {
    if (editor_ != nullptr) el_end(editor_);
    if (history_ != nullptr) history_end(history_);
  }

  Status Begin() {
    // Text beyond ASCII needs a locale that knows it.
    if (std::setlocale(LC_CTYPE, "") == nullptr || MB_CUR_MAX == 1) {
      std::setlocale(LC_CTYPE, "C.UTF-8");
    }
    history_ = history_init();
    editor_ = el_init("skyhook", stdin, stderr, stderr);
    if (history_ == nullptr || editor_ == nullptr) {
      return Status::IOError("the terminal cannot be used for typing");
    }
    HistEvent event;
    history(history_, &event, H_SETSIZE, kHistoryEntries);
    history(history_, &event, H_SETUNIQUE, 1);
    if (!history_file_.empty()) history(history_, &event, H_LOAD, history_file_.c_str());
    el_set(editor_, EL_CLIENTDATA, this);
    el_set(editor_, EL_PROMPT, PromptOf);
    el_set(editor_, EL_HIST, history, history_);
    el_set(editor_, EL_EDITOR, "emacs");
    el_source(editor_, nullptr);
    el_set(editor_, EL_ADDFN, "skyhook-complete", "complete a name", Complete);
    el_set(editor_, EL_BIND, "^I", "skyhook-complete", nullptr);
    // While a line is typed Ctrl-C is a key like others; while a query runs it is a signal.
    el_set(editor_, EL_SETTY, "-d", "intr=", nullptr);
    el_set(editor_, EL_ADDFN, "skyhook-abandon", "drop what was typed", Abandon);
    el_set(editor_, EL_BIND, "^C", "skyhook-abandon", nullptr);
    el_set(editor_, EL_BIND, "^R", "em-inc-search-prev", nullptr);
    return Status::OK();
  }

  Line Read(const std::string& prompt) override {
    prompt_ = prompt;
    abandoned_ = false;
    int length = 0;
    const char* line = el_gets(editor_, &length);
    if (abandoned_) return {Line::Kind::kAbandoned, ""};
    if (line == nullptr || length <= 0) return {Line::Kind::kEnd, ""};
    std::string text(line, static_cast<size_t>(length));
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
    return {Line::Kind::kText, std::move(text)};
  }

  void Remember(const std::string& entry) override {
    HistEvent event;
    history(history_, &event, H_ENTER, entry.c_str());
    if (history_file_.empty()) return;
    history(history_, &event, H_SAVE, history_file_.c_str());
    ::chmod(history_file_.c_str(), kOnlyOwner);
  }

 private:
  static EditLineEditor* Self(EditLine* editor) {
    void* self = nullptr;
    el_get(editor, EL_CLIENTDATA, &self);
    return static_cast<EditLineEditor*>(self);
  }

  static char* PromptOf(EditLine* editor) { return Self(editor)->prompt_.data(); }

  static unsigned char Abandon(EditLine* editor, int) {
    Self(editor)->abandoned_ = true;
    Tell("^C\n");
    return CC_EOF;
  }

  static unsigned char Complete(EditLine* editor, int) {
    const LineInfo* line = el_line(editor);
    const std::string before(line->buffer, line->cursor);
    const Completions completions = Self(editor)->completer_(before);
    if (completions.candidates.empty()) return CC_REFRESH_BEEP;
    const std::string common = CommonBeginning(completions.candidates);
    const bool several = completions.candidates.size() > 1;
    std::string added = common.substr(completions.word);
    // Behind a directory there is more to come.
    if (!several && !common.ends_with('/')) added += ' ';
    if (added.empty()) {
      ShowCandidates(completions.candidates);
      return CC_REDISPLAY;
    }
    return el_insertstr(editor, added.c_str()) == 0 ? CC_REFRESH : CC_ERROR;
  }

  const std::string history_file_;
  const Completer completer_;
  std::string prompt_;
  bool abandoned_ = false;
  History* history_ = nullptr;
  EditLine* editor_ = nullptr;
};

}  // namespace

arrow::Result<std::unique_ptr<LineEditor>> LineEditor::Open(std::string history_file,
                                                            Completer completer) {
  auto editor = std::make_unique<EditLineEditor>(std::move(history_file), std::move(completer));
  ARROW_RETURN_NOT_OK(editor->Begin());
  return editor;
}

std::string HistoryFile() {
  if (const char* file = std::getenv("SKYHOOK_HISTORY")) return file;
  const char* home = std::getenv("HOME");
  return home == nullptr || *home == '\0' ? "" : std::string(home) + "/.skyhook_history";
}

}  // namespace skyhook::cli
