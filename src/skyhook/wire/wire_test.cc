// Requests and replies come back as they were sent; what is damaged or from the future is refused.
#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "skyhook/base/status.h"
#include "skyhook/substrait/substrait.h"
#include "skyhook/testing/matchers.h"
#include "skyhook/testing/parquet_files.h"
#include "skyhook/testing/pipelines.h"
#include "skyhook/testing/random_batches.h"
#include "skyhook/testing/random_pipeline.h"
#include "skyhook/testing/result_rows.h"
#include "skyhook/testing/sealed_message.h"
#include "skyhook/wire/fields.h"
#include "skyhook/wire/packed_text.h"
#include "skyhook/wire/reply.h"
#include "skyhook/wire/request.h"

namespace skyhook::wire {
namespace {

using base::Code;
using plan::Function;
using testing::Col;
using ::testing::ElementsAre;
using testing::FailsWith;
using testing::Fn;
using testing::Lit;
using testing::Require;

std::shared_ptr<arrow::Schema> Letters() {
  return arrow::schema({arrow::field("id", arrow::int64()), arrow::field("letter", arrow::utf8())});
}

Request LettersRequest() {
  Request request;
  plan::Pipeline pipeline = testing::Read(*Letters(), {"id", "letter"});
  pipeline.filter = {Fn(Function::kLess, {Col(pipeline, "id"), Lit(50)})};
  request.pipeline = std::move(pipeline);
  request.fragment = "letters.parquet";
  request.slice.rows = plan::RowRanges{{0, 10}, {20, 30}};
  request.limits.reply_bytes = 1000;
  request.limits.rows_in = 15;
  request.limits.memory_bytes = 1 << 20;
  request.limits.batch_rows = 7;
  request.codecs = {Codec::kNone, Codec::kZstd};
  return request;
}

std::shared_ptr<arrow::RecordBatch> LettersBatch(
    const std::vector<std::pair<int64_t, std::optional<std::string>>>& rows) {
  arrow::Int64Builder ids;
  arrow::StringViewBuilder letters;
  for (const auto& [id, letter] : rows) {
    Require(ids.Append(id));
    Require(letter.has_value() ? letters.Append(*letter) : letters.AppendNull());
  }
  const auto schema = arrow::schema(
      {arrow::field("id", arrow::int64()), arrow::field("letter", arrow::utf8_view())});
  return arrow::RecordBatch::Make(schema, static_cast<int64_t>(rows.size()),
                                  {Require(ids.Finish()), Require(letters.Finish())});
}

Reply LettersReply() {
  Reply reply;
  reply.outcome.applied = {true, true, false};
  reply.outcome.stopped_by = plan::StoppedBy::kRowsIn;
  reply.outcome.remaining.rows = plan::RowRanges{{25, 30}};
  reply.outcome.cost.bytes_read = 12345;
  reply.outcome.cost.rows_in = 15;
  reply.outcome.cost.cpu_ns = 9;
  reply.batches = {LettersBatch({{1, "A"}, {2, std::nullopt}, {3, "a text that is not inline"}})};
  return reply;
}

std::shared_ptr<arrow::Buffer> Bytes(std::string bytes) {
  return arrow::Buffer::FromString(std::move(bytes));
}

/// `message` after a change, with the checksum that its fields then have.
std::string Changed(std::string message, const std::function<void(Header*, std::string*)>& change) {
  Header header;
  std::memcpy(&header, message.data(), sizeof(header));
  std::string fields = message.substr(sizeof(header));
  change(&header, &fields);
  return testing::Sealed(std::string(reinterpret_cast<const char*>(&header), sizeof(header)) +
                         fields);
}

std::string FieldBytes(uint16_t tag, uint16_t flags, const std::string& bytes) {
  std::string out;
  const FieldHeader header{tag, flags, static_cast<uint32_t>(bytes.size())};
  out.append(reinterpret_cast<const char*>(&header), sizeof(header));
  return out + bytes + std::string(Padded(bytes.size()) - bytes.size(), '\0');
}

TEST(Request, ComesBackAsItWasSent) {
  Request sent = LettersRequest();
  auto filter = std::make_shared<plan::SettableRuntimeFilter>("top-k threshold");
  filter->Set(Fn(Function::kGreater, {Col(*sent.pipeline, "id"), Lit(3)}));
  sent.runtime_filters = {filter, std::make_shared<plan::SettableRuntimeFilter>("join")};
  sent.limits.deadline = std::chrono::steady_clock::now() + std::chrono::seconds(100);
  const Request read = Require(DecodeRequest(Require(EncodeRequest(sent, 7))));
  EXPECT_EQ(read.pipeline->ToString(), sent.pipeline->ToString());
  EXPECT_EQ(read.fragment, "letters.parquet");
  EXPECT_EQ(read.slice.rows, sent.slice.rows);
  EXPECT_EQ(read.limits.reply_bytes, 1000);
  EXPECT_EQ(read.limits.rows_in, 15);
  EXPECT_EQ(read.limits.memory_bytes, 1 << 20);
  EXPECT_EQ(read.limits.batch_rows, 7);
  EXPECT_EQ(read.message_bytes, sent.message_bytes);
  EXPECT_THAT(read.codecs, ElementsAre(Codec::kNone, Codec::kZstd));
  ASSERT_EQ(read.runtime_filters.size(), 1u) << "a filter that knows nothing yet is not sent";
  EXPECT_STREQ(read.runtime_filters[0]->kind(), "top-k threshold");
  EXPECT_TRUE(read.runtime_filters[0]->Snapshot()->Equals(*filter->Snapshot()));
  const auto left = *read.limits.deadline - std::chrono::steady_clock::now();
  EXPECT_GT(left, std::chrono::seconds(90));
  EXPECT_LE(left, std::chrono::seconds(101));
}

/// The messages carry the bytes that are there, whatever they are of.
TEST(Request, CarriesAPipelineAsItWasEncodedFirst) {
  const Request request = LettersRequest();
  const std::string other = Require(substrait::ToSubstrait(testing::Read(*Letters(), {"id"})));
  Require(request.pipeline.Bytes([&](const plan::Pipeline&) { return other; }));
  for (int call = 0; call < 3; ++call) {
    Request next = request;
    next.slice.rows = plan::RowRanges{{call, 10}};
    const Request read = Require(DecodeRequest(Require(EncodeRequest(next, 7))));
    EXPECT_EQ(read.pipeline->projection.size(), 1u);
    EXPECT_EQ(read.slice.rows, next.slice.rows);
  }
}

TEST(Request, ARuntimeFilterIsEncodedAgainWhenItHasChanged) {
  Request request = LettersRequest();
  auto moving = std::make_shared<plan::SettableRuntimeFilter>("top-k threshold");
  auto still = std::make_shared<plan::SettableRuntimeFilter>("join");
  const auto greater = [&](int64_t than) {
    return Fn(Function::kGreater, {Col(*request.pipeline, "id"), Lit(than)});
  };
  moving->Set(greater(1));
  still->Set(greater(1));
  request.runtime_filters = {moving, std::make_shared<plan::SettableRuntimeFilter>("join"), still};
  std::vector<EncodedFilter> filters;
  const auto sent = [&] {
    return Require(DecodeRequest(Require(EncodeRequest(request, 1, &filters)))).runtime_filters;
  };
  EXPECT_EQ(sent().size(), 2u);
  ASSERT_EQ(filters.size(), 3u);
  // What is kept is sent as it is until the filter says something else.
  filters[2].bytes = filters[0].bytes;
  moving->Set(greater(2));
  const auto second = sent();
  ASSERT_EQ(second.size(), 2u);
  EXPECT_TRUE(second[0]->Snapshot()->Equals(*greater(2)));
  EXPECT_STREQ(second[1]->kind(), "top-k threshold") << "encoded although it has not changed";
  still->Set(greater(3));
  const auto third = sent();
  EXPECT_STREQ(third[1]->kind(), "join");
  EXPECT_TRUE(third[1]->Snapshot()->Equals(*greater(3)));
}

TEST(Request, OfTheSameScanIsParsedOnce) {
  Request request = LettersRequest();
  auto filter = std::make_shared<plan::SettableRuntimeFilter>("join");
  filter->Set(Fn(Function::kGreater, {Col(*request.pipeline, "id"), Lit(3)}));
  request.runtime_filters = {filter};
  ParsedPipelines parsed;
  const auto read = [&] {
    return Require(DecodeRequest(Require(EncodeRequest(request, 1)), &parsed));
  };
  const Request first = read();
  request.slice.rows = plan::RowRanges{{5, 10}};
  request.fragment = "another.parquet";
  const Request second = read();
  EXPECT_EQ(second.slice.rows, request.slice.rows);
  EXPECT_EQ(second.fragment, request.fragment);
  EXPECT_EQ(&*second.pipeline, &*first.pipeline);
  EXPECT_EQ(second.runtime_filters[0]->Snapshot(), first.runtime_filters[0]->Snapshot());
  request.pipeline = testing::Read(*Letters(), {"id"});
  EXPECT_EQ(read().pipeline->projection.size(), 1u);
}

TEST(Request, SaysWhichScanItIsOf) {
  Request request = LettersRequest();
  const std::string of_none = Require(EncodeRequest(request, 1));
  EXPECT_EQ(Require(DecodeRequest(of_none)).slice.scan, 0u);
  request.slice.scan = 0x123456789abcdef0;
  const std::string of_one = Require(EncodeRequest(request, 1));
  EXPECT_EQ(Require(DecodeRequest(of_one)).slice.scan, request.slice.scan);
  Header header;
  ASSERT_TRUE(ReadHeader(of_one, kRequestMagic, &header));
  EXPECT_EQ(FindField(of_one, header, RequestTag::kScan).size(), sizeof(request.slice.scan));
  EXPECT_EQ(FindField(of_one, header, RequestTag::kFragment), "letters.parquet");
  EXPECT_TRUE(FindField(of_none, header, RequestTag::kScan).empty());
}

TEST(Request, MayNotSayTwiceWhatOthersReadOnce) {
  const std::string request = Require(EncodeRequest(LettersRequest(), 1));
  for (const auto tag : {RequestTag::kPipeline, RequestTag::kRows, RequestTag::kScan,
                         RequestTag::kExtents, RequestTag::kTail}) {
    const auto number = static_cast<uint16_t>(tag);
    const std::string field = FieldBytes(number, 0, std::string(8, '\1'));
    const std::string twice = Changed(request, [&](Header* header, std::string* fields) {
      *fields += field + field;
      header->field_bytes = fields->size();
    });
    EXPECT_THAT(DecodeRequest(twice),
                FailsWith(Code::kCorruptData, fmt::format("fields of tag {}", number)));
  }
}

TEST(Request, SaysWhereInTheObjectTheFragmentLies) {
  Request request = LettersRequest();
  EXPECT_EQ(Require(DecodeRequest(Require(EncodeRequest(request, 1)))).layout, nullptr);
  const auto tail = arrow::Buffer::FromString("the footer");
  const auto layout_of = [&](const std::string& object) {
    return base::Layout{{{object, {7, 100}}, {object, {0, 3}}}, tail};
  };
  request.layout = std::make_shared<base::Layout>(layout_of("object"));
  const std::string sent = Require(EncodeRequest(request, 1));
  const auto read = Require(DecodeRequest(sent)).layout;
  ASSERT_NE(read, nullptr);
  EXPECT_EQ(*read, layout_of("")) << "the object is the one that is called";
  request.layout = std::make_shared<base::Layout>(base::Layout{{}, tail});
  EXPECT_EQ(*Require(DecodeRequest(Require(EncodeRequest(request, 1)))).layout, *request.layout);
  request.layout =
      std::make_shared<base::Layout>(base::Layout{{{"a", {0, 1}}, {"b", {0, 1}}}, nullptr});
  EXPECT_THAT(EncodeRequest(request, 1), FailsWith(Code::kUnsupportedPlan, "2 objects"));
}

TEST(Request, WhoDoesNotKnowOfExtentsRefusesThem) {
  Request request = LettersRequest();
  request.layout = std::make_shared<base::Layout>(
      base::Layout{{{"object", {7, 100}}}, arrow::Buffer::FromString("tail")});
  const std::string message = Require(EncodeRequest(request, 1));
  Header header;
  ASSERT_TRUE(ReadHeader(message, kRequestMagic, &header));
  std::string_view fields = std::string_view(message).substr(header.header_bytes);
  int required = 0;
  for (Field field; NextField(&fields, &field);) {
    const bool of_layout = field.tag == static_cast<uint16_t>(RequestTag::kExtents) ||
                           field.tag == static_cast<uint16_t>(RequestTag::kTail);
    if (of_layout && field.required) ++required;
  }
  EXPECT_EQ(required, 2);
}

TEST(Request, ExtentsLieWithinAnObject) {
  const std::string request = Require(EncodeRequest(LettersRequest(), 1));
  const auto with = [&](const std::vector<int64_t>& numbers, size_t bytes) {
    std::string extents(reinterpret_cast<const char*>(numbers.data()),
                        numbers.size() * sizeof(int64_t));
    return Changed(request, [&](Header* header, std::string* fields) {
      *fields += FieldBytes(static_cast<uint16_t>(RequestTag::kExtents), kRequired,
                            extents.substr(0, bytes));
      header->field_bytes = fields->size();
    });
  };
  Require(DecodeRequest(with({3, 4}, 16)));
  EXPECT_THAT(DecodeRequest(with({3, 4}, 12)), FailsWith(Code::kCorruptData, "cut short"));
  EXPECT_THAT(
      DecodeRequest(with(std::vector<int64_t>(2 * kMostExtents + 2), 16 * kMostExtents + 16)),
      FailsWith(Code::kCorruptData, "more than 4096 extents"));
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  for (const std::vector<int64_t>& wrong :
       {std::vector<int64_t>{-1, 4}, {3, -4}, {kMost, 1}, {0, kMost, 0, 1}}) {
    EXPECT_THAT(DecodeRequest(with(wrong, wrong.size() * sizeof(int64_t))),
                FailsWith(Code::kCorruptData, "no extent"));
  }
}

TEST(Request, ADeadlineThatHasPassedIsNoTime) {
  Request request = LettersRequest();
  request.limits.deadline = std::chrono::steady_clock::now() - std::chrono::seconds(5);
  Header header;
  ASSERT_TRUE(ReadHeader(Require(EncodeRequest(request, 1000)), kRequestMagic, &header));
  EXPECT_EQ(header.deadline_ms, 0u);
  request.limits.deadline.reset();
  ASSERT_TRUE(ReadHeader(Require(EncodeRequest(request, 1000)), kRequestMagic, &header));
  EXPECT_EQ(header.deadline_ms, 1000u);
}

TEST(Request, CarriesEveryPipeline) {
  int sent = 0;
  for (uint32_t seed = 0; seed < 300; ++seed) {
    Request request;
    request.pipeline = testing::RandomPipeline(seed);
    request.slice.rows = plan::RowRanges::All(1);
    const auto bytes = EncodeRequest(request, 1);
    if (!bytes.ok()) continue;  // of what Substrait cannot say, plan's own tests tell
    ++sent;
    EXPECT_EQ(Require(substrait::ToSubstrait(*Require(DecodeRequest(*bytes)).pipeline)),
              Require(substrait::ToSubstrait(*request.pipeline)));
  }
  EXPECT_GT(sent, 200);
}

TEST(Request, FieldsOfTheFutureArePassedOverUnlessRequired) {
  const std::string message = Require(EncodeRequest(LettersRequest(), 1));
  const auto with_field = [&](uint16_t flags) {
    return Changed(message, [&](Header* header, std::string* fields) {
      header->version = 9;
      *fields += FieldBytes(77, flags, "from the future");
    });
  };
  EXPECT_EQ(Require(DecodeRequest(with_field(0))).fragment, "letters.parquet");
  EXPECT_THAT(DecodeRequest(with_field(kRequired)),
              FailsWith(Code::kUnsupportedPlan, "field 77, which is not understood"));
}

TEST(Request, AHeaderMayGrow) {
  const std::string grown =
      Changed(Require(EncodeRequest(LettersRequest(), 1)), [](Header* header, std::string* fields) {
        header->header_bytes += 8;
        fields->insert(0, 8, 'x');
      });
  EXPECT_EQ(Require(DecodeRequest(grown)).slice.rows, LettersRequest().slice.rows);
}

TEST(Request, OfAVersionThatIsTooNewIsNotUnderstood) {
  const std::string newer =
      Changed(Require(EncodeRequest(LettersRequest(), 1)),
              [](Header* header, std::string*) { header->oldest = kVersion + 1; });
  EXPECT_THAT(DecodeRequest(newer), FailsWith(Code::kUnsupportedPlan, "for readers of version 2"));
}

TEST(Request, DamageIsCorrupt) {
  const std::string message = Require(EncodeRequest(LettersRequest(), 1));
  for (size_t length = 0; length < message.size(); length += 7) {
    EXPECT_THAT(DecodeRequest(message.substr(0, length)), FailsWith(Code::kCorruptData, ""));
  }
  for (size_t at = sizeof(Header); at < message.size(); ++at) {
    std::string damaged = message;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    EXPECT_THAT(DecodeRequest(damaged), FailsWith(Code::kCorruptData, "checksum")) << at;
  }
}

TEST(Request, DamageUnderARightChecksumIsAnErrorOrAnotherRequest) {
  const std::string message = Require(EncodeRequest(LettersRequest(), 1));
  std::mt19937 random(2026);
  int refused = 0;
  for (int i = 0; i < 2000; ++i) {
    const std::string damaged = Changed(message, [&](Header*, std::string* fields) {
      for (int n = 0; n < 3; ++n)
        (*fields)[random() % fields->size()] = static_cast<char>(random());
    });
    refused += DecodeRequest(damaged).ok() ? 0 : 1;
  }
  EXPECT_GT(refused, 1000);
}

TEST(Request, RowsAreCanonical) {
  for (const auto& [begin, end] : {std::pair{-1, 3}, std::pair{10, 12}, std::pair{12, 12}}) {
    std::string rows = RowsToBytes(plan::RowRanges{{0, 10}});
    Append(int64_t{begin}, &rows);
    Append(int64_t{end}, &rows);
    EXPECT_THAT(RowsFromBytes(rows), FailsWith(Code::kCorruptData, "after row 10"));
  }
  EXPECT_THAT(RowsFromBytes("seven.."), FailsWith(Code::kCorruptData, "cut short"));
  EXPECT_EQ(Require(RowsFromBytes("")), plan::RowRanges());
}

TEST(Request, LimitsArePositive) {
  Request request = LettersRequest();
  request.limits.batch_rows = 0;
  EXPECT_THAT(DecodeRequest(Require(EncodeRequest(request, 1))),
              FailsWith(Code::kCorruptData, "limit of 0"));
}

TEST(Request, ARuntimeFilterMustNotFail) {
  Request request = LettersRequest();
  auto filter = std::make_shared<plan::SettableRuntimeFilter>("join");
  const auto sum = Fn(Function::kAdd, {Col(*request.pipeline, "id"), Lit(1)});
  filter->Set(Fn(Function::kLess, {sum, Lit(3)}));
  request.runtime_filters = {filter};
  EXPECT_THAT(DecodeRequest(Require(EncodeRequest(request, 1))),
              FailsWith(Code::kCorruptData, "a runtime filter that can fail"));
}

constexpr int64_t kAnySize = int64_t{1} << 30;

TEST(Reply, ComesBackAsItWasSent) {
  const Reply sent = LettersReply();
  for (const Codec codec : {Codec::kNone, Codec::kLz4, Codec::kZstd}) {
    const Reply read =
        Require(DecodeReply(Bytes(Require(EncodeReply(sent, codec, kAnySize))), LettersRequest()));
    EXPECT_THAT(read.status, testing::IsOk());
    EXPECT_EQ(read.outcome.applied, sent.outcome.applied);
    EXPECT_EQ(read.outcome.stopped_by, plan::StoppedBy::kRowsIn);
    EXPECT_EQ(read.outcome.remaining.rows, sent.outcome.remaining.rows);
    EXPECT_EQ(read.outcome.answered, (plan::RowRanges{{0, 10}, {20, 25}}));
    EXPECT_EQ(read.outcome.cost.bytes_read, 12345);
    EXPECT_EQ(read.outcome.cost.cpu_ns, 9);
    EXPECT_EQ(read.outcome.cost.rows_out, 0);
    EXPECT_THAT(testing::RowsOf(read.batches),
                ElementsAre("1, A", "2, NULL", "3, a text that is not inline"));
  }
}

TEST(Reply, SaysWhatTheSiteKeeps) {
  Request request = LettersRequest();
  request.slice.scan = 7;
  const auto read = [&](const plan::Slice& remaining) -> arrow::Result<plan::Slice> {
    Reply reply = LettersReply();
    reply.outcome.remaining = remaining;
    const auto message = Bytes(Require(EncodeReply(reply, Codec::kNone, kAnySize)));
    ARROW_ASSIGN_OR_RAISE(const Reply out, DecodeReply(message, request));
    return out.outcome.remaining;
  };
  const plan::RowRanges rows{{25, 30}};
  for (const plan::Slice& slice : {plan::Slice{0, rows}, plan::Slice{7, rows, 0},
                                   plan::Slice{7, rows, 5}, plan::Slice{7, rows, 0, true}}) {
    EXPECT_EQ(Require(read(slice)), slice);
  }
  EXPECT_EQ(Require(read({8, rows, 5})).scan, 7u) << "that which was asked for";
  EXPECT_THAT(read({7, rows, 6}), FailsWith(Code::kCorruptData, "keeps 6 of 5 rows"));
  EXPECT_THAT(read({7, rows, -2}), FailsWith(Code::kCorruptData, "keeps -2 of 5 rows"));
}

TEST(Reply, IsReadInTwoSteps) {
  const auto message = Bytes(Require(EncodeReply(LettersReply(), Codec::kLz4, kAnySize)));
  Reply reply = Require(DecodeReplyHead(message, LettersRequest()));
  EXPECT_EQ(reply.outcome.remaining.rows, LettersReply().outcome.remaining.rows);
  EXPECT_TRUE(reply.batches.empty());
  Require(DecodeReplyBody(*LettersRequest().pipeline, &reply));
  EXPECT_THAT(testing::RowsOf(reply.batches),
              ElementsAre("1, A", "2, NULL", "3, a text that is not inline"));
}

/// A reply that a worker packs, as a client reads it.
Reply PackedAndRead(Reply reply, const Request& request) {
  reply.batches = Require(PackText(reply.batches));
  return Require(DecodeReply(Bytes(Require(EncodeReply(reply, Codec::kLz4, kAnySize))), request));
}

TEST(PackedText, ComesBackAsItWas) {
  Request request;
  plan::Pipeline pipeline = testing::RandomPipeline([](uint32_t) { return 0; });
  pipeline.aggregate = plan::Aggregate{};  // any schema
  request.pipeline = std::move(pipeline);
  for (uint32_t seed = 0; seed < 20; ++seed) {
    std::mt19937 random(seed);
    const auto schema = request.pipeline->input;
    Reply reply;
    for (const int rows : {100, 1, 0, 3000}) {
      const auto batch = testing::RandomBatch(
          schema, rows, {.nulls = seed % 2 == 0 ? 0.3 : 0, .extremes = 0.3}, &random);
      reply.batches.push_back(batch->Slice(rows / 3));
    }
    const Reply read = PackedAndRead(reply, request);
    ASSERT_EQ(read.batches.size(), reply.batches.size());
    for (size_t i = 0; i < reply.batches.size(); ++i) {
      EXPECT_TRUE(
          read.batches[i]->Equals(*reply.batches[i], arrow::EqualOptions().nans_equal(true)));
      EXPECT_THAT(read.batches[i]->ValidateFull(), testing::IsOk());
    }
  }
}

TEST(PackedText, IsADictionaryWhereValuesRepeat) {
  const auto column_type = [](const std::function<std::string(int)>& value) {
    std::vector<std::pair<int64_t, std::optional<std::string>>> rows;
    for (int i = 0; i < 5000; ++i) rows.emplace_back(i, value(i));
    const auto packed = Require(PackText({LettersBatch(rows), LettersBatch(rows)}));
    return packed[1]->column(1)->type()->ToString();
  };
  const std::string dictionary = "dictionary<values=string, indices=int16, ordered=0>";
  EXPECT_EQ(column_type([](int i) { return std::to_string(i % 7); }), dictionary);
  EXPECT_EQ(column_type([](int i) { return i == 4000 ? "a text that is not inline" : "x"; }),
            dictionary);
  EXPECT_EQ(column_type([](int i) { return std::to_string(i); }), "string");
  EXPECT_EQ(column_type([](int i) { return i < 1024 ? "x" : std::to_string(i); }), dictionary);
  // More values than a dictionary may have, and they come late.
  std::vector<std::pair<int64_t, std::optional<std::string>>> rows;
  for (int i = 0; i < 20'000; ++i) rows.emplace_back(i, i < 5000 ? "x" : std::to_string(i));
  EXPECT_EQ(Require(PackText({LettersBatch(rows)}))[0]->column(1)->type()->ToString(), "string");
}

TEST(PackedText, LeavesThePagesBehind) {
  std::vector<std::pair<int64_t, std::optional<std::string>>> rows;
  for (int i = 0; i < 10'000; ++i) rows.emplace_back(i, fmt::format("a long text, number {}", i));
  const auto batch = LettersBatch(rows);
  Reply reply = LettersReply();
  reply.batches.clear();
  for (int i = 0; i < 100; ++i) reply.batches.push_back(batch->Slice(i * 100, 100));
  const size_t views = Require(EncodeReply(reply, Codec::kNone, kAnySize)).size();
  reply.batches = Require(PackText(reply.batches));
  const size_t packed = Require(EncodeReply(reply, Codec::kNone, kAnySize)).size();
  EXPECT_GT(views, 20'000'000u);
  EXPECT_LT(packed, 600'000u);
}

TEST(PackedText, IsSentToWhoTakesIt) {
  Request request = LettersRequest();
  EXPECT_FALSE(Require(DecodeRequest(Require(EncodeRequest(request, 1)))).packed_text);
  request.packed_text = true;
  const Request read = Require(DecodeRequest(Require(EncodeRequest(request, 1))));
  EXPECT_TRUE(read.packed_text);
  EXPECT_EQ(read.codecs, request.codecs);
}

TEST(Reply, CompressionMakesItSmaller) {
  Reply reply = LettersReply();
  reply.batches = {LettersBatch({10'000, {7, "the same text again"}})};
  const auto size = [&](Codec codec) {
    return Require(EncodeReply(reply, codec, kAnySize)).size();
  };
  EXPECT_LT(size(Codec::kLz4), size(Codec::kNone) / 2);
  EXPECT_LT(size(Codec::kZstd), size(Codec::kNone) / 2);
}

TEST(Reply, CarriesFailures) {
  for (const arrow::Status& status :
       {base::StaleObject("it changed"), base::CorruptData("row group 3"),
        base::UnsupportedPlan("function f"), base::LimitExceeded("memory"),
        base::MakeStatus(Code::kBusy, "later"), base::Invalid("division by zero"),
        arrow::Status::IOError("disk"), arrow::Status::Cancelled("stop")}) {
    Reply reply;
    reply.status = status;
    const Reply read = Require(
        DecodeReply(Bytes(Require(EncodeReply(reply, Codec::kNone, kAnySize))), LettersRequest()));
    EXPECT_EQ(read.status.ToString(), status.ToString());
    EXPECT_TRUE(read.batches.empty());
  }
}

TEST(Reply, ARefusalLeavesEverything) {
  Reply reply;
  reply.outcome.stopped_by = plan::StoppedBy::kRefused;
  reply.outcome.reason = "this OSD is busy";
  const Reply read = Require(
      DecodeReply(Bytes(Require(EncodeReply(reply, Codec::kNone, kAnySize))), LettersRequest()));
  EXPECT_EQ(read.outcome.stopped_by, plan::StoppedBy::kRefused);
  EXPECT_EQ(read.outcome.reason, "this OSD is busy");
  EXPECT_EQ(read.outcome.remaining.rows, LettersRequest().slice.rows);
  EXPECT_TRUE(read.outcome.answered.empty());
}

TEST(Reply, MayNotBeLargerThanAskedFor) {
  EXPECT_THAT(EncodeReply(LettersReply(), Codec::kNone, 500),
              FailsWith(Code::kLimitExceeded, "500 were allowed"));
}

TEST(Reply, LeavesOnlyRowsThatWereAskedFor) {
  Reply reply = LettersReply();
  reply.outcome.remaining.rows = plan::RowRanges{{15, 30}};
  EXPECT_THAT(
      DecodeReply(Bytes(Require(EncodeReply(reply, Codec::kNone, kAnySize))), LettersRequest()),
      FailsWith(Code::kCorruptData, "leaves rows [15,30)"));
}

TEST(Reply, HasTheColumnsThatWereAskedFor) {
  Request request = LettersRequest();
  request.pipeline = testing::Read(*Letters(), {"letter"});
  EXPECT_THAT(
      DecodeReply(Bytes(Require(EncodeReply(LettersReply(), Codec::kNone, kAnySize))), request),
      FailsWith(Code::kCorruptData, "a reply of the columns id: int64"));
}

/// Its columns are then those of what it has done.
TEST(Reply, MayHaveDoneLessThanItWasAskedFor) {
  Request request = LettersRequest();
  plan::Pipeline pipeline = testing::Read(*Letters(), {"letter"});
  pipeline.aggregate = plan::Aggregate{{0}, {{plan::AggregateFunction::kCountAll, -1, -1, "n"}}};
  request.pipeline = std::move(pipeline);
  Reply reply = LettersReply();
  reply.outcome.applied = {true, false, false};
  const auto read = [&] {
    return DecodeReply(Bytes(Require(EncodeReply(reply, Codec::kNone, kAnySize))), request);
  };
  EXPECT_EQ(Require(read()).outcome.applied, reply.outcome.applied);
  reply.outcome.applied = {true, true, false};
  EXPECT_THAT(read(), FailsWith(Code::kCorruptData, "to a request for letter"));
}

TEST(Reply, CarriesEveryType) {
  const auto pipeline = testing::RandomPipeline(1);
  std::mt19937 random(5);
  Request request;
  plan::Pipeline asked = testing::RandomPipeline([](uint32_t) { return 0; });
  asked.aggregate = plan::Aggregate{};  // any schema
  request.pipeline = std::move(asked);
  Reply reply;
  reply.outcome.applied = {true, true, true};
  reply.batches = {
      testing::RandomBatch(pipeline.input, 100, {.nulls = 0.3, .extremes = 0.3}, &random)};
  const Reply read =
      Require(DecodeReply(Bytes(Require(EncodeReply(reply, Codec::kLz4, kAnySize))), request));
  ASSERT_EQ(read.batches.size(), 1u);
  EXPECT_TRUE(read.batches[0]->Equals(*reply.batches[0], arrow::EqualOptions().nans_equal(true)));
}

TEST(Reply, DamageUnderARightChecksumIsAnErrorOrAnotherReply) {
  std::mt19937 random(2027);
  int refused = 0;
  for (const Codec codec : {Codec::kNone, Codec::kZstd}) {
    Reply reply = LettersReply();
    if (codec == Codec::kNone) reply.batches = Require(PackText(reply.batches));
    const std::string message = Require(EncodeReply(reply, codec, kAnySize));
    for (int i = 0; i < 2000; ++i) {
      const std::string damaged = Changed(message, [&](Header*, std::string* fields) {
        for (int n = 0; n < 3; ++n) {
          (*fields)[random() % fields->size()] = static_cast<char>(random());
        }
      });
      const auto read = DecodeReply(Bytes(damaged), LettersRequest());
      refused += read.ok() ? 0 : 1;
      if (!read.ok()) continue;
      for (const auto& batch : read->batches) EXPECT_THAT(batch->ValidateFull(), testing::IsOk());
    }
  }
  EXPECT_GT(refused, 1000);
}

/// Bytes of a former version, which are kept; SKYHOOK_UPDATE=1 writes those of this one.
std::string Kept(const std::string& name, const std::string& now) {
  const auto path = std::filesystem::path(SKYHOOK_SOURCE_DIR) / "tests/compat/wire" / name;
  if (std::getenv("SKYHOOK_UPDATE") != nullptr && !std::filesystem::exists(path)) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << now;
  }
  std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

TEST(Compatibility, Version1IsUnderstoodAndWritten) {
  const std::string request_now = Require(EncodeRequest(LettersRequest(), 250));
  const std::string request = Kept("request-1", request_now);
  EXPECT_EQ(request, request_now) << "the bytes changed: raise kVersion and keep both";
  const Request read = Require(DecodeRequest(request));
  EXPECT_EQ(read.pipeline->ToString(), LettersRequest().pipeline->ToString());
  EXPECT_EQ(read.slice.rows.ToString(), "[0,10) [20,30)");
  EXPECT_EQ(read.limits.batch_rows, 7);
  const std::string reply =
      Kept("reply-1", Require(EncodeReply(LettersReply(), Codec::kZstd, kAnySize)));
  const Reply answer = Require(DecodeReply(Bytes(reply), LettersRequest()));
  EXPECT_EQ(answer.outcome.remaining.rows.ToString(), "[25,30)");
  EXPECT_EQ(answer.outcome.cost.bytes_read, 12345);
  EXPECT_THAT(testing::RowsOf(answer.batches),
              ElementsAre("1, A", "2, NULL", "3, a text that is not inline"));
}

}  // namespace
}  // namespace skyhook::wire
