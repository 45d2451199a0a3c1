#include "skyhook/sql/carried_columns.h"

#include <arrow/array/array_binary.h>
#include <arrow/array/concatenate.h>
#include <arrow/c/bridge.h>
#include <arrow/type_traits.h>
#include <arrow/util/bitmap_ops.h>
#include <arrow/util/byte_size.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <span>
#include <utility>

#include "duckdb/common/arrow/arrow_converter.hpp"
#include "duckdb/execution/operator/projection/physical_projection.hpp"
#include "duckdb/execution/operator/scan/physical_table_scan.hpp"
#include "duckdb/planner/expression/bound_reference_expression.hpp"
#include "skyhook/base/status.h"
#include "skyhook/sql/scan_function.h"
#include "skyhook/sql/scan_plan.h"

namespace skyhook::sql {
namespace {

using arrow::Result;
using arrow::Type;
using ArrayPtr = std::shared_ptr<arrow::Array>;
using BufferPtr = std::shared_ptr<arrow::Buffer>;
using View = arrow::BinaryViewType::c_type;

/// Holds a column in the place where vectors hold what they point into.
class Carrier : public duckdb::VectorBuffer {
 public:
  explicit Carrier(CarriedColumn column)
      : VectorBuffer(duckdb::VectorBufferType::OPAQUE_BUFFER), column_(std::move(column)) {}
  const CarriedColumn& column() const { return column_; }

 private:
  CarriedColumn column_;
};

/// Whether the values of `from` are those of `to` byte by byte.
bool IsSame(const arrow::DataType& from, const arrow::DataType& to) {
  if (from.id() == Type::TIMESTAMP && to.id() == Type::TIMESTAMP) {
    // The zone says how they are printed.
    const auto& a = static_cast<const arrow::TimestampType&>(from);
    const auto& b = static_cast<const arrow::TimestampType&>(to);
    return a.unit() == b.unit() && a.timezone().empty() == b.timezone().empty();
  }
  // DuckDB's intervals have microseconds.
  return from.Equals(to) && arrow::is_primitive(from.id()) && !arrow::is_interval(from.id());
}

bool Widens(const arrow::DataType& from, const arrow::DataType& to) {
  if (!arrow::is_decimal(from.id()) || to.id() != Type::DECIMAL128) return false;
  const auto& a = static_cast<const arrow::DecimalType&>(from);
  const auto& b = static_cast<const arrow::DecimalType&>(to);
  return (from.id() == Type::DECIMAL64 || from.id() == Type::DECIMAL128) &&
         a.precision() == b.precision() && a.scale() == b.scale();
}

bool LaysOut(const arrow::DataType& from, const arrow::DataType& to) {
  return (from.id() == Type::STRING_VIEW && to.id() == Type::STRING) ||
         (from.id() == Type::BINARY_VIEW && to.id() == Type::BINARY);
}

bool CanShow(const arrow::DataType& from, const arrow::DataType& to) {
  return IsSame(from, to) || Widens(from, to) || LaysOut(from, to);
}

/// The operator that gives all columns, once those are passed that only pick some of them.
const duckdb::PhysicalOperator& BelowReferences(const duckdb::PhysicalOperator& root) {
  const duckdb::PhysicalOperator* at = &root;
  while (at->type == duckdb::PhysicalOperatorType::PROJECTION) {
    const auto& list = at->Cast<duckdb::PhysicalProjection>().select_list;
    const bool picks = std::all_of(list.begin(), list.end(), [](const auto& expression) {
      return expression->GetExpressionClass() == duckdb::ExpressionClass::BOUND_REF;
    });
    if (!picks) break;
    at = &at->children[0].get();
  }
  return *at;
}

/// The column of the result that `root`'s column `index` is, counted below its references.
duckdb::idx_t SourceOf(const duckdb::PhysicalOperator& root, duckdb::idx_t index,
                       const duckdb::PhysicalOperator& below) {
  for (const auto* at = &root; at != &below; at = &at->children[0].get()) {
    index = at->Cast<duckdb::PhysicalProjection>()
                .select_list[index]
                ->Cast<duckdb::BoundReferenceExpression>()
                .index;
  }
  return index;
}

/// The engine types of what a scan gives, by output column; null where there is none.
std::vector<std::shared_ptr<arrow::DataType>> OutputTypes(const duckdb::PhysicalTableScan& scan) {
  const auto& plan = scan.bind_data->Cast<ScanPlan>();
  std::vector<std::shared_ptr<arrow::DataType>> out;
  const auto add = [&](const duckdb::ColumnIndex& id) {
    const int column = TableColumn(plan, id);
    const bool same =
        column >= 0 && plan.types[static_cast<size_t>(column)] == scan.types[out.size()];
    out.push_back(same ? plan.schema->field(column)->type() : nullptr);
  };
  if (scan.projection_ids.empty()) {
    for (const auto& id : scan.column_ids) add(id);
  } else {
    for (const duckdb::idx_t id : scan.projection_ids) add(scan.column_ids[id]);
  }
  return out;
}

bool AllCanBeShown(duckdb::ClientContext& context, const duckdb::PreparedStatementData& statement,
                   const duckdb::PhysicalOperator& root, const duckdb::PhysicalTableScan& scan) {
  ArrowSchema exported;
  duckdb::ClientProperties properties = context.GetClientProperties();
  duckdb::ArrowConverter::ToArrowSchema(&exported, statement.types, statement.names, properties);
  const auto schema = arrow::ImportSchema(&exported);
  const auto sources = OutputTypes(scan);
  const bool all_known = std::all_of(sources.begin(), sources.end(),
                                     [](const auto& source) { return source != nullptr; });
  if (!schema.ok() || sources.size() != scan.types.size() || !all_known) return false;
  for (int i = 0; i < (*schema)->num_fields(); ++i) {
    const auto source = SourceOf(root, static_cast<duckdb::idx_t>(i), scan);
    if (!CanShow(*sources[source], *(*schema)->field(i)->type())) return false;
  }
  return (*schema)->num_fields() > 0;
}

int64_t RowsOf(const arrow::ArrayVector& pieces) {
  int64_t rows = 0;
  for (const ArrayPtr& piece : pieces) rows += piece->length();
  return rows;
}

/// Null where nothing is null.
Result<BufferPtr> JoinValidity(const arrow::ArrayVector& pieces, int64_t* nulls) {
  *nulls = 0;
  for (const ArrayPtr& piece : pieces) *nulls += piece->null_count();
  if (*nulls == 0) return nullptr;
  ARROW_ASSIGN_OR_RAISE(BufferPtr bits, arrow::AllocateEmptyBitmap(RowsOf(pieces)));
  int64_t at = 0;
  for (const ArrayPtr& piece : pieces) {
    if (piece->null_bitmap() == nullptr) {
      arrow::bit_util::SetBitsTo(bits->mutable_data(), at, piece->length(), true);
    } else {
      arrow::internal::CopyBitmap(piece->null_bitmap_data(), piece->offset(), piece->length(),
                                  bits->mutable_data(), at);
    }
    at += piece->length();
  }
  return bits;
}

Result<ArrayPtr> JoinAs(const std::shared_ptr<arrow::DataType>& type,
                        const arrow::ArrayVector& pieces) {
  ARROW_ASSIGN_OR_RAISE(const ArrayPtr joined,
                        pieces.size() == 1 ? pieces[0] : arrow::Concatenate(pieces));
  const auto data = joined->data()->Copy();
  data->type = type;
  return arrow::MakeArray(data);
}

Result<ArrayPtr> Widen(const std::shared_ptr<arrow::DataType>& type,
                       const arrow::ArrayVector& pieces) {
  int64_t nulls;
  ARROW_ASSIGN_OR_RAISE(BufferPtr validity, JoinValidity(pieces, &nulls));
  const int64_t rows = RowsOf(pieces);
  ARROW_ASSIGN_OR_RAISE(BufferPtr values, arrow::AllocateBuffer(rows * 16));
  auto* out = reinterpret_cast<int64_t*>(values->mutable_data());
  for (const ArrayPtr& piece : pieces) {
    const uint8_t* in = piece->data()->buffers[1]->data() + 8 * piece->offset();
    for (int64_t i = 0; i < piece->length(); ++i) {
      int64_t value;
      std::memcpy(&value, in + 8 * i, sizeof(value));
      *out++ = value;
      *out++ = value >> 63;
    }
  }
  return arrow::MakeArray(
      arrow::ArrayData::Make(type, rows, {std::move(validity), std::move(values)}, nulls));
}

/// Bytes of text that the views of rows which are not null show.
int64_t TextBytes(const arrow::Array& array) {
  const auto& views = static_cast<const arrow::BinaryViewArray&>(array);
  const auto* view = views.raw_values();
  int64_t bytes = 0;
  if (array.null_count() == 0) {
    for (int64_t i = 0; i < array.length(); ++i) bytes += view[i].size();
  } else {
    for (int64_t i = 0; i < array.length(); ++i) bytes += array.IsNull(i) ? 0 : view[i].size();
  }
  return bytes;
}

/// Behind the text, so that short ones can be copied as a whole view.
constexpr int64_t kTextSlack = sizeof(View);

/// Appends the texts of a piece; returns where they end.
uint8_t* CopyTexts(const arrow::BinaryViewArray& texts, const uint8_t* begin, uint8_t* to,
                   int32_t* offsets) {
  const View* views = texts.raw_values();
  const auto buffers = std::span(texts.data()->buffers).subspan(2);
  const bool nulls = texts.null_count() != 0;
  for (int64_t i = 0; i < texts.length(); ++i) {
    offsets[i] = static_cast<int32_t>(to - begin);
    if (nulls && texts.IsNull(i)) continue;
    const View& view = views[i];
    if (view.is_inline()) {
      std::memcpy(to, view.inlined.data.data(), arrow::BinaryViewType::kInlineSize);
    } else {
      const auto& buffer = buffers[static_cast<size_t>(view.ref.buffer_index)];
      std::memcpy(to, buffer->data() + view.ref.offset, static_cast<size_t>(view.size()));
    }
    to += view.size();
  }
  return to;
}

Result<ArrayPtr> LayOut(const std::shared_ptr<arrow::DataType>& type,
                        const arrow::ArrayVector& pieces, int64_t bytes) {
  int64_t nulls;
  ARROW_ASSIGN_OR_RAISE(BufferPtr validity, JoinValidity(pieces, &nulls));
  if (bytes > std::numeric_limits<int32_t>::max()) {
    return base::LimitExceeded("{} bytes of text in one column of a batch", bytes);
  }
  const int64_t rows = RowsOf(pieces);
  ARROW_ASSIGN_OR_RAISE(BufferPtr offsets, arrow::AllocateBuffer((rows + 1) * 4));
  ARROW_ASSIGN_OR_RAISE(BufferPtr text, arrow::AllocateBuffer(bytes + kTextSlack));
  auto* offset = reinterpret_cast<int32_t*>(offsets->mutable_data());
  uint8_t* end = text->mutable_data();
  for (const ArrayPtr& piece : pieces) {
    end = CopyTexts(static_cast<const arrow::BinaryViewArray&>(*piece), text->data(), end, offset);
    offset += piece->length();
  }
  *offset = static_cast<int32_t>(bytes);
  return arrow::MakeArray(arrow::ArrayData::Make(
      type, rows, {std::move(validity), std::move(offsets), arrow::SliceBuffer(text, 0, bytes)},
      nulls));
}

Result<ArrayPtr> ShowColumn(const std::shared_ptr<arrow::DataType>& type,
                            const arrow::ArrayVector& pieces, int64_t text_bytes) {
  const arrow::DataType& from = *pieces[0]->type();
  if (LaysOut(from, *type)) return LayOut(type, pieces, text_bytes);
  if (from.id() == Type::DECIMAL64 && Widens(from, *type)) return Widen(type, pieces);
  if (IsSame(from, *type) || Widens(from, *type)) return JoinAs(type, pieces);
  return base::Invalid("a column of {} cannot be shown as {}", from.ToString(), type->ToString());
}

}  // namespace

void LetScanCarry(duckdb::ClientContext& context, duckdb::PreparedStatementData& statement) {
  const duckdb::PhysicalOperator& root = statement.physical_plan->Root();
  const duckdb::PhysicalOperator& below = BelowReferences(root);
  if (below.type != duckdb::PhysicalOperatorType::TABLE_SCAN) return;
  const auto& scan = below.Cast<duckdb::PhysicalTableScan>();
  if (!IsOurs(scan.function)) return;
  auto& plan = scan.bind_data->Cast<ScanPlan>();
  plan.may_carry = !context.config.enable_profiler && !plan.aggregate.has_value() &&
                   AllCanBeShown(context, statement, root, scan);
}

CarriedColumns ColumnsOf(const arrow::RecordBatch& batch, const std::vector<int>& columns,
                         int64_t offset) {
  CarriedColumns out;
  for (const int column : columns) {
    const ArrayPtr array = batch.column(column)->Slice(offset);
    out.push_back({array, arrow::is_binary_view_like(*array->type()) ? TextBytes(*array) : 0});
  }
  return out;
}

int64_t ShownBytes(const CarriedColumns& columns) {
  int64_t bytes = 0;
  for (const auto& [array, text_bytes] : columns) {
    const arrow::DataType& type = *array->type();
    const int64_t bits = type.id() == Type::DECIMAL64       ? 128
                         : arrow::is_binary_view_like(type) ? 32
                                                            : type.bit_width();
    bytes += (array->length() * bits + 7) / 8 + text_bytes;
  }
  return bytes;
}

namespace {

void CollectBuffers(const arrow::ArrayData& data, HeldBuffers* held) {
  for (const BufferPtr& buffer : data.buffers) {
    if (buffer != nullptr) held->emplace(buffer->data(), buffer->size());
  }
  for (const auto& child : data.child_data) CollectBuffers(*child, held);
  if (data.dictionary != nullptr) CollectBuffers(*data.dictionary, held);
}

}  // namespace

int64_t HeldBytes(const CarriedColumns& columns, HeldBuffers* held) {
  HeldBuffers now;
  for (const CarriedColumn& column : columns) CollectBuffers(*column.array->data(), &now);
  int64_t bytes = 0;
  for (const auto& buffer : now) bytes += held->contains(buffer) ? 0 : buffer.second;
  *held = std::move(now);
  return bytes;
}

void Carry(CarriedColumns columns, duckdb::DataChunk* chunk) {
  for (size_t i = 0; i < columns.size(); ++i) {
    chunk->data[i].SetAuxiliary(duckdb::make_buffer<Carrier>(std::move(columns[i])));
  }
  chunk->SetCardinality(1);
}

CarriedColumns CarriedBy(duckdb::DataChunk& chunk) {
  CarriedColumns out;
  if (chunk.size() != 1) return out;
  for (duckdb::Vector& vector : chunk.data) {
    const auto buffer = vector.GetAuxiliary();
    const auto* carrier = dynamic_cast<const Carrier*>(buffer.get());
    if (carrier == nullptr) return {};
    out.push_back(carrier->column());
  }
  return out;
}

Result<std::shared_ptr<arrow::RecordBatch>> Show(const std::vector<CarriedColumns>& pieces,
                                                 const std::shared_ptr<arrow::Schema>& schema) {
  arrow::ArrayVector columns;
  for (int i = 0; i < schema->num_fields(); ++i) {
    arrow::ArrayVector parts;
    int64_t text_bytes = 0;
    for (const CarriedColumns& piece : pieces) {
      parts.push_back(piece[static_cast<size_t>(i)].array);
      text_bytes += piece[static_cast<size_t>(i)].text_bytes;
    }
    ARROW_ASSIGN_OR_RAISE(ArrayPtr column, ShowColumn(schema->field(i)->type(), parts, text_bytes));
    columns.push_back(std::move(column));
  }
  const int64_t rows = columns[0]->length();
  return arrow::RecordBatch::Make(schema, rows, std::move(columns));
}

}  // namespace skyhook::sql
