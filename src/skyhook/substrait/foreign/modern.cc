#include "skyhook/substrait/foreign/modern.h"

#include <google/protobuf/descriptor.h>

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "skyhook/base/status.h"
#include "skyhook/substrait/foreign/types.h"
#include "skyhook/substrait/foreign/uri.h"

// What is old is deprecated there.
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

namespace skyhook::substrait {
namespace {

namespace pb = ::substrait;
namespace proto = google::protobuf;
using arrow::Status;

constexpr int kMicroseconds = 6;

// Before this release a count of 0 was not written, and since then none is all rows. The shape
// itself changed somewhat earlier.
constexpr uint32_t kFirstWithoutDoubt = 70;

Status ModerniseFetch(uint32_t release, pb::FetchRel* fetch) {
  if (fetch->offset_mode_case() == pb::FetchRel::kOffset) {
    const int64_t offset = fetch->offset();
    fetch->mutable_offset_expr()->mutable_literal()->set_i64(offset);
  }
  if (fetch->count_mode_case() == pb::FetchRel::COUNT_MODE_NOT_SET &&
      release < kFirstWithoutDoubt) {
    return base::UnsupportedPlan("FetchRel without a count, in release 0.{}: none, or all",
                                 release);
  }
  if (fetch->count_mode_case() != pb::FetchRel::kCount) return Status::OK();
  const int64_t count = fetch->count();
  fetch->clear_count();
  // -1 is how all rows were asked for.
  if (count != -1) fetch->mutable_count_expr()->mutable_literal()->set_i64(count);
  return Status::OK();
}

bool Same(const proto::Message& a, const proto::Message& b) {
  return a.SerializeAsString() == b.SerializeAsString();
}

Status SaidTwice(const char* what) {
  return base::UnsupportedPlan("{} in their old and new shape, which differ", what);
}

// DataFusion writes keys in both shapes.
Status ModerniseGrouping(pb::AggregateRel* aggregate, pb::AggregateRel_Grouping* grouping) {
  const bool twice = grouping->expression_references_size() > 0;
  auto& old = *grouping->mutable_grouping_expressions();
  if (twice && !old.empty() && old.size() != grouping->expression_references_size()) {
    return SaidTwice("grouping expressions");
  }
  for (int i = 0; i < old.size(); ++i) {
    const auto next = static_cast<uint32_t>(aggregate->grouping_expressions_size());
    if (!twice) {
      grouping->add_expression_references(next);
      aggregate->add_grouping_expressions()->Swap(&old[i]);
      continue;
    }
    const uint32_t reference = grouping->expression_references(i);
    if (reference >= next ||
        !Same(old[i], aggregate->grouping_expressions(static_cast<int>(reference)))) {
      return SaidTwice("grouping expressions");
    }
  }
  old.Clear();
  return Status::OK();
}

Status ModerniseAggregate(pb::AggregateRel* aggregate) {
  for (auto& grouping : *aggregate->mutable_groupings()) {
    ARROW_RETURN_NOT_OK(ModerniseGrouping(aggregate, &grouping));
  }
  return Status::OK();
}

template <typename Function>
Status ModerniseArguments(Function* function) {
  if (function->args_size() > 0 && function->arguments_size() > 0) return SaidTwice("arguments");
  for (auto& argument : *function->mutable_args()) {
    function->add_arguments()->mutable_value()->Swap(&argument);
  }
  function->clear_args();
  return Status::OK();
}

void ModerniseLiteral(pb::Expression_Literal* literal) {
  using Kind = pb::Expression_Literal;
  switch (literal->literal_type_case()) {
    case Kind::kTimestamp: {
      const int64_t value = literal->timestamp();
      literal->mutable_precision_timestamp()->set_precision(kMicroseconds);
      literal->mutable_precision_timestamp()->set_value(value);
      return;
    }
    case Kind::kTimestampTz: {
      const int64_t value = literal->timestamp_tz();
      literal->mutable_precision_timestamp_tz()->set_precision(kMicroseconds);
      literal->mutable_precision_timestamp_tz()->set_value(value);
      return;
    }
    case Kind::kTime: {
      const int64_t value = literal->time();
      literal->mutable_precision_time()->set_precision(kMicroseconds);
      literal->mutable_precision_time()->set_value(value);
      return;
    }
    case Kind::kVarChar: {
      const std::string text = literal->var_char().value();
      literal->set_string(text);
      return;
    }
    default:
      return;
  }
}

void ModerniseType(pb::Type* type) {
  switch (type->kind_case()) {
    case pb::Type::kTimestamp: {
      const auto nullability = type->timestamp().nullability();
      type->mutable_precision_timestamp()->set_precision(kMicroseconds);
      type->mutable_precision_timestamp()->set_nullability(nullability);
      return;
    }
    case pb::Type::kTimestampTz: {
      const auto nullability = type->timestamp_tz().nullability();
      type->mutable_precision_timestamp_tz()->set_precision(kMicroseconds);
      type->mutable_precision_timestamp_tz()->set_nullability(nullability);
      return;
    }
    case pb::Type::kTime: {
      const auto nullability = type->time().nullability();
      type->mutable_precision_time()->set_precision(kMicroseconds);
      type->mutable_precision_time()->set_nullability(nullability);
      return;
    }
    case pb::Type::kVarchar: {
      const auto nullability = type->varchar().nullability();
      type->mutable_string()->set_nullability(nullability);
      return;
    }
    default:
      return;
  }
}

class Moderniser {
 public:
  Moderniser(uint32_t release, ForeignTypes types) : release_(release), types_(std::move(types)) {}

  // The parser has bounded how deep messages nest.
  Status Rewrite(proto::Message* message) {
    ARROW_RETURN_NOT_OK(RewriteOne(message));
    std::vector<const proto::FieldDescriptor*> fields;
    const auto* reflection = message->GetReflection();
    reflection->ListFields(*message, &fields);
    for (const auto* field : fields) {
      if (field->message_type() == nullptr) continue;
      if (!field->is_repeated()) {
        ARROW_RETURN_NOT_OK(Rewrite(reflection->MutableMessage(message, field)));
        continue;
      }
      for (int i = 0; i < reflection->FieldSize(*message, field); ++i) {
        ARROW_RETURN_NOT_OK(Rewrite(reflection->MutableRepeatedMessage(message, field, i)));
      }
    }
    return Status::OK();
  }

 private:
  Status RewriteOne(proto::Message* message) {
    using proto::DynamicCastToGenerated;
    if (auto* fetch = DynamicCastToGenerated<pb::FetchRel>(message)) {
      return ModerniseFetch(release_, fetch);
    }
    if (auto* aggregate = DynamicCastToGenerated<pb::AggregateRel>(message)) {
      return ModerniseAggregate(aggregate);
    }
    if (auto* call = DynamicCastToGenerated<pb::Expression_ScalarFunction>(message)) {
      return ModerniseArguments(call);
    }
    if (auto* function = DynamicCastToGenerated<pb::AggregateFunction>(message)) {
      return ModerniseArguments(function);
    }
    if (auto* literal = DynamicCastToGenerated<pb::Expression_Literal>(message)) {
      ModerniseLiteral(literal);
      types_.Rewrite(literal);
    } else if (auto* type = DynamicCastToGenerated<pb::Type>(message)) {
      ModerniseType(type);
      types_.Rewrite(type);
    }
    return Status::OK();
  }

  const uint32_t release_;
  ForeignTypes types_;
};

}  // namespace

Status Modernise(ForeignMessage* message) {
  return std::visit(
      [](auto& plan) -> Status {
        ARROW_RETURN_NOT_OK(ModerniseExtensions(&plan));
        const pb::Version version = plan.version();
        ForeignTypes types(version.producer(), plan.mutable_extension_urns(),
                           plan.mutable_extensions());
        return Moderniser(version.minor_number(), std::move(types)).Rewrite(&plan);
      },
      *message);
}

}  // namespace skyhook::substrait
