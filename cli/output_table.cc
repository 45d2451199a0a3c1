#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "cli/display_width.h"
#include "cli/output.h"
#include "skyhook/sql/plan_tree.h"

namespace skyhook::cli {
namespace {

using arrow::Status;

// Rows that decide the widths of the columns; later ones may stick out.
constexpr int64_t kRowsMeasured = 1000;
// On a terminal longer cells are cut.
constexpr size_t kLongestCell = 60;
constexpr char kNull[] = "NULL";

std::string Cut(std::string text, size_t width) {
  if (DisplayWidth(text) <= width) return text;
  return std::string(CutToWidth(text, width - 1)) + "…";
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

class TableWriter : public RowWriter {
 public:
  TableWriter(Sink sink, std::shared_ptr<arrow::Schema> schema)
      : sink_(std::move(sink)), schema_(std::move(schema)) {
    for (const auto& field : schema_->fields()) names_.push_back(OneLine(field->name()));
  }

  Status Write(const arrow::RecordBatch& batch) override {
    ARROW_RETURN_NOT_OK(AddCells(batch));
    rows_ += batch.num_rows();
    if (!measured_ && static_cast<int64_t>(cells_.size()) < kRowsMeasured) return Status::OK();
    return Flush();
  }

  Status Finish() override {
    ARROW_RETURN_NOT_OK(Flush());
    const std::string count = sql::GroupedNumber(rows_);
    return Emit(fmt::format("({} {})\n", count, rows_ == 1 ? "row" : "rows"));
  }

 private:
  struct Cell {
    std::string text;
    bool is_null = false;
  };
  using Row = std::vector<Cell>;

  Status AddCells(const arrow::RecordBatch& batch) {
    const size_t first = cells_.size();
    cells_.resize(first + static_cast<size_t>(batch.num_rows()));
    for (const auto& column : batch.columns()) {
      ARROW_ASSIGN_OR_RAISE(const auto text, TextOf(*column));
      for (int64_t row = 0; row < text->length(); ++row) {
        Cell cell{kNull, true};
        if (text->IsValid(row)) cell = {OneLine(text->GetView(row)), false};
        if (sink_.is_terminal) cell.text = Cut(cell.text, kLongestCell);
        cells_[first + static_cast<size_t>(row)].push_back(std::move(cell));
      }
    }
    return Status::OK();
  }

  void Measure() {
    for (size_t i = 0; i < names_.size(); ++i) {
      size_t width = DisplayWidth(names_[i]);
      for (const Row& row : cells_) {
        width = std::max(width, DisplayWidth(row[i].text));
      }
      widths_.push_back(width);
    }
  }

  Status Flush() {
    if (!measured_) {
      measured_ = true;
      Measure();
      ARROW_RETURN_NOT_OK(Emit(Header()));
    }
    std::string out;
    for (const Row& row : cells_) AppendRow(row, &out);
    cells_.clear();
    return Emit(out);
  }

  std::string Header() const {
    std::string names;
    std::string rule;
    for (size_t i = 0; i < widths_.size(); ++i) {
      names += (i > 0 ? " | " : "") + Padded(Bold(names_[i]), DisplayWidth(names_[i]), i);
      rule += (i > 0 ? "-+-" : "") + std::string(widths_[i], '-');
    }
    return Trimmed(names) + "\n" + rule + "\n";
  }

  void AppendRow(const Row& row, std::string* out) const {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string text = row[i].is_null ? Dim(row[i].text) : row[i].text;
      line += (i > 0 ? " | " : "") + Padded(text, DisplayWidth(row[i].text), i);
    }
    *out += Trimmed(line) + "\n";
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
  std::vector<Row> cells_;
  std::vector<size_t> widths_;
  bool measured_ = false;
  int64_t rows_ = 0;
};

}  // namespace

std::unique_ptr<RowWriter> MakeTableWriter(const Sink& sink,
                                           const std::shared_ptr<arrow::Schema>& schema) {
  return std::make_unique<TableWriter>(sink, schema);
}

}  // namespace skyhook::cli
