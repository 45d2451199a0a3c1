#include "cli/completion.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

namespace skyhook::cli {
namespace {

namespace fs = std::filesystem;

bool IsOfName(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

char Lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

bool BeginsWith(std::string_view text, std::string_view beginning) {
  return text.size() >= beginning.size() &&
         std::equal(beginning.begin(), beginning.end(), text.begin(),
                    [](char a, char b) { return Lower(a) == Lower(b); });
}

// What was typed, and the rest of the name; in capitals where those were typed last.
std::string Completed(const std::string& typed, const std::string& name, bool keyword) {
  std::string rest = name.substr(typed.size());
  const bool capitals = !typed.empty() && std::isupper(static_cast<unsigned char>(typed.back()));
  if (keyword && capitals) {
    for (char& c : rest) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return typed + rest;
}

// Where an open quote begins; npos where there is none.
size_t OpenQuote(const std::string& text) {
  size_t open = std::string::npos;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\'') open = open == std::string::npos ? i : std::string::npos;
  }
  return open;
}

Completions Files(const std::string& typed) {
  Completions out{typed.size(), {}};
  const size_t slash = typed.rfind('/');
  const std::string folder = slash == std::string::npos ? "" : typed.substr(0, slash + 1);
  const std::string name = typed.substr(folder.size());
  std::error_code error;
  for (fs::directory_iterator entry(folder.empty() ? "." : folder, error), end;
       !error && entry != end; entry.increment(error)) {
    const std::string entry_name = entry->path().filename().string();
    if (!entry_name.starts_with(name) || (name.empty() && entry_name.front() == '.')) continue;
    std::error_code ignored;
    out.candidates.push_back(folder + entry_name + (entry->is_directory(ignored) ? "/" : "'"));
  }
  std::sort(out.candidates.begin(), out.candidates.end());
  return out;
}

// Words, quoted texts, and single characters of all else.
std::vector<std::string> TokensOf(const std::string& statement) {
  std::vector<std::string> tokens;
  for (size_t i = 0; i < statement.size();) {
    size_t end = i + 1;
    if (statement[i] == '\'' || statement[i] == '"') {
      end = statement.find(statement[i], end);
      end = end == std::string::npos ? statement.size() : end + 1;
    } else if (IsOfName(statement[i])) {
      while (end < statement.size() && (IsOfName(statement[end]) || statement[end] == '.')) ++end;
    }
    if (std::isspace(static_cast<unsigned char>(statement[i])) == 0) {
      tokens.push_back(statement.substr(i, end - i));
    }
    i = end;
  }
  return tokens;
}

std::string Lower(std::string text) {
  for (char& c : text) c = Lower(c);
  return text;
}

}  // namespace

std::vector<std::string> TablesNamedIn(const std::string& statement) {
  std::vector<std::string> tables;
  bool expected = false;
  for (const std::string& token : TokensOf(statement)) {
    const std::string word = Lower(token);
    const bool named = expected && token != "(" && word != "select";
    if (named) tables.push_back(token);
    expected = word == "from" || word == "join" || (token == "," && !tables.empty());
  }
  return tables;
}

Completions NameCompleter::Complete(const std::string& statement, const std::string& before) {
  if (statement.empty() && (before.starts_with('.') || before.starts_with('\\'))) {
    Completions out{before.size(), {}};
    for (const std::string& command : commands_) {
      if (command.starts_with(before)) out.candidates.push_back(command);
    }
    return out;
  }
  const size_t quote = OpenQuote(statement + before);
  if (quote != std::string::npos && quote >= statement.size()) {
    return Files(before.substr(quote - statement.size() + 1));
  }
  size_t begin = before.size();
  while (begin > 0 && IsOfName(before[begin - 1])) --begin;
  const std::string typed = before.substr(begin);
  Completions out{typed.size(), {}};
  for (const std::string& name : NamesFor(statement + before)) {
    if (BeginsWith(name, typed)) out.candidates.push_back(Completed(typed, name, false));
  }
  const bool in_qualified_name = begin > 0 && before[begin - 1] == '.';
  if (!typed.empty() && !in_qualified_name) {
    for (const std::string& word : keywords_) {
      if (BeginsWith(word, typed)) out.candidates.push_back(Completed(typed, word, true));
    }
  }
  std::sort(out.candidates.begin(), out.candidates.end());
  out.candidates.erase(std::unique(out.candidates.begin(), out.candidates.end()),
                       out.candidates.end());
  return out;
}

// Tables, and the columns of those that the statement names. A name that cannot be looked up gives
// no candidates: whoever types is not told of errors while typing.
std::vector<std::string> NameCompleter::NamesFor(const std::string& statement) {
  if (keywords_.empty()) keywords_ = connection_->Keywords().ValueOr({});
  std::vector<std::string> names = connection_->TableNames().ValueOr({});
  for (const std::string& table : TablesNamedIn(statement)) {
    const auto& columns = ColumnsOf(table);
    names.insert(names.end(), columns.begin(), columns.end());
  }
  return names;
}

const std::vector<std::string>& NameCompleter::ColumnsOf(const std::string& table) {
  const auto known = columns_.find(table);
  if (known != columns_.end()) return known->second;
  auto columns = connection_->ColumnNames(table);
  static const std::vector<std::string> kNone;
  if (!columns.ok()) return kNone;
  return columns_[table] = *std::move(columns);
}

}  // namespace skyhook::cli
