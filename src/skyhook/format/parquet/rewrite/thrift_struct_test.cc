#include "skyhook/format/parquet/rewrite/thrift_struct.h"

#include <gtest/gtest.h>

#include "skyhook/testing/matchers.h"

namespace skyhook::format {
namespace {

using testing::FailsWith;
using testing::Require;
using namespace std::string_literals;

/// One field of every type: {1: true, 2: byte, 3: i16, 4: i32, 20: i64 -3, 21: double, 22: "abc",
/// 23: [i32 1, i32 2], 24: {1: i32 1}, 25: map {1: "x"}, -1: [struct {}] x 16}.
std::string EveryType() {
  return "\x11\x13\x07\x14\x02\x15\x02"s + "\x06\x28\x05"s + "\x17"s + "12345678"s + "\x18\x03"s +
         "abc"s + "\x19\x25\x02\x04"s + "\x1c\x15\x02\x00"s + "\x1b\x01\x38\x01\x01x"s +
         "\x09\x01\xfc\x10"s + std::string(16, '\0') + "\0"s;
}

TEST(ThriftStruct, IsWrittenAsItWasRead) {
  const ThriftStruct fields = Require(ThriftStruct::Parse(EveryType()));
  EXPECT_EQ(fields.Serialise(), EveryType());
  EXPECT_EQ(Require(ThriftStruct::Parse(EveryType() + "behind")).Serialise(), EveryType());
}

TEST(ThriftStruct, TellsFieldsByIdAndType) {
  const ThriftStruct fields = Require(ThriftStruct::Parse(EveryType()));
  EXPECT_EQ(fields.Int64(20), -3);
  EXPECT_EQ(fields.Int64(4), std::nullopt) << "an i32";
  EXPECT_EQ(fields.Int64(5), std::nullopt);
  EXPECT_EQ(fields.Struct(24), "\x15\x02\x00"s);
  EXPECT_EQ(fields.Structs(0xffff), std::vector<std::string_view>(16, std::string_view("\0", 1)));
  EXPECT_TRUE(fields.Structs(23).empty()) << "a list of i32";
  EXPECT_TRUE(fields.Has(3, ThriftType::kInt16));
}

TEST(ThriftStruct, ChangesFieldsAndLeavesTheRest) {
  ThriftStruct fields =
      Require(ThriftStruct::Parse("\x16\x02\x18\x01z\x00"s));  // {1: i64 1, 2: "z"}
  fields.SetInt64(1, -(int64_t{1} << 40));
  fields.SetStructs(30, {"\0"s, "\x15\x02\x00"s});
  fields.SetInt32(3, 1);
  fields.Remove(3);
  fields.SetInt16(3, -1);
  const ThriftStruct again = Require(ThriftStruct::Parse(fields.Serialise()));
  EXPECT_EQ(again, fields);
  EXPECT_EQ(again.Int64(1), -(int64_t{1} << 40));
  EXPECT_EQ(again.Structs(30).size(), 2u);
  EXPECT_NE(again.Serialise().find("\x18\x01z\x14\x01"s), std::string::npos);
}

TEST(ThriftStruct, IsRefusedWhenMalformed) {
  const std::string whole = EveryType();
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_THAT(ThriftStruct::Parse(std::string_view(whole).substr(0, size)),
                FailsWith(base::Code::kCorruptData, "malformed Thrift struct at byte"))
        << size;
  }
  EXPECT_THAT(ThriftStruct::Parse("\x16\x02\x06\x02\x04\x00"s),
              FailsWith(base::Code::kCorruptData, "two fields of id 1"));
  EXPECT_THAT(ThriftStruct::Parse(std::string(100000, '\x1c')),
              FailsWith(base::Code::kCorruptData, "malformed"));
  EXPECT_THAT(ThriftStruct::Parse("\x19\xfc\xff\xff\xff\xff\xff\xff\xff\xff\x7f\x00"s),
              FailsWith(base::Code::kCorruptData, "malformed"));
}

}  // namespace
}  // namespace skyhook::format
