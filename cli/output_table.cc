#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "cli/display_width.h"
#include "cli/output.h"
#include "cli/value_text.h"
#include "skyhook/sql/plan_tree.h"

namespace skyhook::cli {
namespace {

using arrow::Status;

// Rows that decide the widths of the columns; later ones may stick out.
constexpr int64_t kRowsMeasured = 1000;
// On a terminal, unless all is asked for: rows shown, and the widest cell.
constexpr int64_t kRowsShown = 100;
constexpr size_t kWidestCell = 60;
// No column is made narrower than this to fit; rather are columns left out.
constexpr size_t kLeastWidth = 12;
constexpr char kNull[] = "NULL";
constexpr char kBetween[] = " | ";
constexpr size_t kBetweenWidth = 3;
constexpr char kMore[] = "…";

std::string Cut(const std::string& text, size_t width) {
  if (DisplayWidth(text) <= width) return text;
  return std::string(CutToWidth(text, width - 1)) + kMore;
}

// Line breaks and other control characters would break the table.
std::string OneLine(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      out += fmt::format("\\x{:02X}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out;
}

bool AlignsRight(const arrow::DataType& type) {
  return arrow::is_numeric(type.id()) || arrow::is_decimal(type.id());
}

struct Cell {
  std::string text;
  bool is_null = false;
};
using Row = std::vector<Cell>;

// The widths with none above the greatest `cap` at which all fit into `width`; with none above
// kLeastWidth where there is no such cap.
std::vector<size_t> Narrowed(std::vector<size_t> widths, size_t width) {
  const size_t between = kBetweenWidth * (widths.size() - 1);
  const auto total = [&](size_t cap) {
    return std::accumulate(widths.begin(), widths.end(), between,
                           [cap](size_t sum, size_t one) { return sum + std::min(one, cap); });
  };
  size_t cap = kWidestCell;
  while (cap > kLeastWidth && total(cap) > width) --cap;
  for (size_t& one : widths) one = std::min(one, cap);
  return widths;
}

// What both layouts share: cells as text, and what is told at the end.
class TextWriter : public RowWriter {
 public:
  TextWriter(const Sink& sink, std::shared_ptr<arrow::Schema> schema)
      : sink_(sink), schema_(std::move(schema)) {
    for (const auto& field : schema_->fields()) names_.push_back(OneLine(field->name()));
  }

 protected:
  bool limited() const { return sink_.width > 0; }

  // The rows that are still to be shown, as cells.
  arrow::Result<std::vector<Row>> TakeRows(const arrow::RecordBatch& batch) {
    int64_t rows = batch.num_rows();
    if (limited()) rows = std::clamp<int64_t>(kRowsShown - rows_, 0, rows);
    rows_ += batch.num_rows();
    std::vector<Row> cells(static_cast<size_t>(rows));
    for (const auto& column : batch.columns()) {
      ARROW_ASSIGN_OR_RAISE(const auto text, TextOf(*column->Slice(0, rows)));
      for (int64_t row = 0; row < rows; ++row) {
        Cell cell{kNull, true};
        if (text->IsValid(row)) cell = {OneLine(text->GetView(row)), false};
        cells[static_cast<size_t>(row)].push_back(std::move(cell));
      }
    }
    return cells;
  }

  // "(3 rows)", and what is not shown of them.
  std::string Footer(size_t columns_shown) const {
    const bool rows_missing = limited() && rows_ > kRowsShown;
    std::string text =
        fmt::format("({} {}", sql::GroupedNumber(rows_), rows_ == 1 ? "row" : "rows");
    if (rows_missing) text += fmt::format(", {} shown", kRowsShown);
    if (columns_shown < names_.size()) {
      text += fmt::format("; {} columns, {} shown", names_.size(), columns_shown);
    }
    const bool missing = rows_missing || columns_shown < names_.size();
    return text + (missing ? "; --all shows all, --vertical a value a line)\n" : ")\n");
  }

  std::string Bold(const std::string& text) const {
    return sink_.colour ? "\033[1m" + text + "\033[0m" : text;
  }
  std::string Dim(const std::string& text) const {
    return sink_.colour ? "\033[2m" + text + "\033[0m" : text;
  }
  Status Emit(const std::string& text) {
    return sink_.stream->Write(text.data(), static_cast<int64_t>(text.size()));
  }

  Sink sink_;
  std::shared_ptr<arrow::Schema> schema_;
  std::vector<std::string> names_;

 private:
  int64_t rows_ = 0;
};

class TableWriter : public TextWriter {
 public:
  using TextWriter::TextWriter;

  Status Write(const arrow::RecordBatch& batch) override {
    ARROW_ASSIGN_OR_RAISE(auto rows, TakeRows(batch));
    std::move(rows.begin(), rows.end(), std::back_inserter(rows_));
    if (!measured_ && static_cast<int64_t>(rows_.size()) < kRowsMeasured) return Status::OK();
    return Flush();
  }

  Status Finish() override {
    ARROW_RETURN_NOT_OK(Flush());
    return Emit(Footer(widths_.size()));
  }

 private:
  // By column, as many as fit.
  void Measure() {
    for (size_t i = 0; i < names_.size(); ++i) {
      size_t width = DisplayWidth(names_[i]);
      for (const Row& row : rows_) width = std::max(width, DisplayWidth(row[i].text));
      widths_.push_back(width);
    }
    if (!limited()) return;
    widths_ = Narrowed(std::move(widths_), sink_.width);
    size_t total = 0;
    for (size_t i = 0; i < widths_.size(); ++i) {
      total += widths_[i] + (i > 0 ? kBetweenWidth : 0);
      // The mark of columns that are left out takes room as well.
      const bool last = i + 1 == widths_.size();
      if (i > 0 && total + (last ? 0 : kBetweenWidth + 1) > sink_.width) {
        widths_.resize(i);
        return;
      }
    }
  }

  Status Flush() {
    std::string out;
    if (!measured_) {
      measured_ = true;
      Measure();
      out = Header();
    }
    for (const Row& row : rows_) out += Line(row);
    rows_.clear();
    return Emit(out);
  }

  bool cut_off() const { return widths_.size() < names_.size(); }

  std::string Header() const {
    std::string names;
    std::string rule;
    for (size_t i = 0; i < widths_.size(); ++i) {
      const std::string name = limited() ? Cut(names_[i], widths_[i]) : names_[i];
      names += (i > 0 ? kBetween : "") + Padded(Bold(name), DisplayWidth(name), i);
      rule += (i > 0 ? "-+-" : "") + std::string(widths_[i], '-');
    }
    if (cut_off()) names += std::string(kBetween) + kMore;
    if (cut_off()) rule += "-+--";
    return Trimmed(names) + "\n" + rule + "\n";
  }

  std::string Line(const Row& row) const {
    std::string line;
    for (size_t i = 0; i < widths_.size(); ++i) {
      const std::string text = limited() ? Cut(row[i].text, widths_[i]) : row[i].text;
      const std::string shown = row[i].is_null ? Dim(text) : text;
      line += (i > 0 ? kBetween : "") + Padded(shown, DisplayWidth(text), i);
    }
    if (cut_off()) line += std::string(kBetween) + kMore;
    return Trimmed(line) + "\n";
  }

  std::string Padded(const std::string& text, size_t width, size_t column) const {
    const std::string space(widths_[column] > width ? widths_[column] - width : 0, ' ');
    const bool right = AlignsRight(*schema_->field(static_cast<int>(column))->type());
    return right ? space + text : text + space;
  }

  static std::string Trimmed(std::string line) {
    line.erase(line.find_last_not_of(' ') + 1);
    return line;
  }

  std::vector<Row> rows_;  // not written yet
  std::vector<size_t> widths_;
  bool measured_ = false;
};

// A value a line, whole.
class VerticalWriter : public TextWriter {
 public:
  VerticalWriter(const Sink& sink, std::shared_ptr<arrow::Schema> schema)
      : TextWriter(sink, std::move(schema)) {
    for (const std::string& name : names_) width_ = std::max(width_, DisplayWidth(name));
  }

  Status Write(const arrow::RecordBatch& batch) override {
    ARROW_ASSIGN_OR_RAISE(const auto rows, TakeRows(batch));
    std::string out;
    for (const Row& row : rows) {
      out += Dim(fmt::format("-[ row {} ]{:->{}}", ++number_, "", width_)) + "\n";
      for (size_t i = 0; i < row.size(); ++i) {
        const std::string space(width_ - DisplayWidth(names_[i]), ' ');
        out += Bold(names_[i]) + space + kBetween +
               (row[i].is_null ? Dim(row[i].text) : row[i].text) + "\n";
      }
    }
    return Emit(out);
  }

  Status Finish() override { return Emit(Footer(names_.size())); }

 private:
  size_t width_ = 0;
  int64_t number_ = 0;
};

}  // namespace

std::unique_ptr<RowWriter> MakeTableWriter(const Sink& sink,
                                           const std::shared_ptr<arrow::Schema>& schema) {
  if (sink.vertical) return std::make_unique<VerticalWriter>(sink, schema);
  return std::make_unique<TableWriter>(sink, schema);
}

}  // namespace skyhook::cli
