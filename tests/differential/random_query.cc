#include "tests/differential/random_query.h"

#include <fmt/format.h>

#include <vector>

namespace skyhook::differential {
namespace {

using Strings = std::vector<std::string>;

bool IsInteger(const std::string& type) {
  return type.ends_with("INT") || type == "INTEGER" || type == "UINTEGER";
}
bool IsFloat(const std::string& type) { return type == "FLOAT" || type == "DOUBLE"; }
bool IsDecimal(const std::string& type) { return type.starts_with("DECIMAL"); }

class QueryWriter {
 public:
  explicit QueryWriter(Random* random) : random_(random) {}

  RandomQuery Write() {
    switch (Pick(6)) {
      case 0:
        return {fmt::format("SELECT id FROM TABLE WHERE {} ORDER BY id", Boolean(3)), false};
      case 1: {
        const std::string type = AnyType();
        return {fmt::format("SELECT id, max({}) FROM TABLE GROUP BY id ORDER BY id", Of(type, 3)),
                false};
      }
      case 2:
        return Grouped();
      case 3:
        return TopK();
      case 4:
        return Guarded();
      default: {
        const std::string type = AnyType();
        return {fmt::format("SELECT id, {} FROM TABLE WHERE {} ORDER BY id", Column(type),
                            SafeBoolean(2)),
                false};
      }
    }
  }

 private:
  int Pick(int bound) { return Below(random_, bound); }
  std::string AnyType() {
    return kColumns[static_cast<size_t>(Pick(static_cast<int>(std::size(kColumns))))].sql_type;
  }

  std::string Column(const std::string& type) {
    Strings names;
    for (const FileColumn& column : kColumns) {
      if (column.sql_type == type) names.emplace_back(column.name);
    }
    return OneOf(random_, names);
  }

  std::string Literal(const std::string& type) {
    std::string value = RandomValue(type, random_);
    if (type == "BOOLEAN") return value;
    return fmt::format("'{}'::{}", value, type);
  }

  std::string Leaf(const std::string& type) {
    if (Pick(20) == 0) return fmt::format("NULL::{}", type);
    return Pick(3) == 0 ? Literal(type) : Column(type);
  }

  std::string Of(const std::string& type, int depth) {
    if (depth <= 0) return Leaf(type);
    switch (Pick(9)) {
      case 0:
        return fmt::format("CASE WHEN {} THEN {} ELSE {} END", Boolean(depth - 1),
                           Of(type, depth - 1), Leaf(type));
      case 1:
        return fmt::format("coalesce({}, {})", Of(type, depth - 1), Leaf(type));
      case 2:
        return fmt::format("{}({}, {})", OneOf<std::string>(random_, {"greatest", "least"}),
                           Of(type, depth - 1), Leaf(type));
      case 3:
        return fmt::format("nullif({}, {})", Of(type, depth - 1), Leaf(type));
      default:
        break;
    }
    if (type == "BOOLEAN") return Boolean(depth);
    if (type == "VARCHAR") return Text(depth);
    if (type == "DATE") return Date(depth);
    if (type == "TIMESTAMP") return Timestamp(depth);
    if (type == "BIGINT" && Pick(2) == 0) return Count(depth);
    if (IsInteger(type)) return Integer(type, depth);
    if (IsFloat(type)) return Float(type, depth);
    if (IsDecimal(type)) return Decimal(type, depth);
    return Leaf(type);
  }

  std::string Integer(const std::string& type, int depth) {
    const std::string a = Of(type, depth - 1);
    const std::string b = Leaf(type);
    const bool is_signed = !type.starts_with("U");
    switch (Pick(9)) {
      case 0:
        return fmt::format("({} {} {})", a, OneOf<std::string>(random_, {"+", "-", "*"}), b);
      case 1:
        return fmt::format("({} {} {})", a, OneOf<std::string>(random_, {"//", "%"}), b);
      case 2:
        return fmt::format("({} {} {})", a, OneOf<std::string>(random_, {"&", "|"}), b);
      case 3:
        return fmt::format("xor({}, {})", a, b);
      case 4:
        return fmt::format("(~{})", a);
      case 5:
        return fmt::format("({} {} {})", a, OneOf<std::string>(random_, {"<<", ">>"}), b);
      case 6:
        return is_signed ? fmt::format("{}({})", OneOf<std::string>(random_, {"abs", "-"}), a) : a;
      case 7:
        return fmt::format("round({}, {})", a, Pick(5) - 3);
      default:
        return fmt::format("{}({} AS {})", OneOf<std::string>(random_, {"CAST", "TRY_CAST"}),
                           Of(AnyNumber(), depth - 1), type);
    }
  }

  std::string AnyNumber() {
    return OneOf<std::string>(
        random_, {"TINYINT", "INTEGER", "BIGINT", "UBIGINT", "UTINYINT", "DOUBLE", "FLOAT",
                  "DECIMAL(5,2)", "DECIMAL(15,4)", "DECIMAL(30,6)", "BOOLEAN", "VARCHAR"});
  }

  // Whole numbers of text and of dates.
  std::string Count(int depth) {
    switch (Pick(5)) {
      case 0:
        return fmt::format("{}({})",
                           OneOf<std::string>(random_, {"length", "strlen", "bit_length"}),
                           Of("VARCHAR", depth - 1));
      case 1:
        return fmt::format("strpos({}, {})", Of("VARCHAR", depth - 1), Leaf("VARCHAR"));
      case 2:
        return fmt::format(
            "{}({})",
            OneOf<std::string>(random_,
                               {"year", "month", "day", "quarter", "week", "dayofweek", "isodow",
                                "dayofyear", "isoyear", "decade", "century", "millennium", "era"}),
            Of(OneOf<std::string>(random_, {"DATE", "TIMESTAMP"}), depth - 1));
      case 3:
        return fmt::format("{}({})",
                           OneOf<std::string>(random_, {"hour", "minute", "second", "millisecond",
                                                        "microsecond", "epoch_ms", "epoch_us"}),
                           Of(OneOf<std::string>(random_, {"TIMESTAMP", "TIME"}), depth - 1));
      default:
        return fmt::format("({} - {})", Leaf("DATE"), Leaf("DATE"));
    }
  }

  std::string Float(const std::string& type, int depth) {
    const std::string a = Of(type, depth - 1);
    if (Pick(3) == 0) {
      return fmt::format("({} {} {})", a, OneOf<std::string>(random_, {"+", "-", "*", "/", "%"}),
                         Leaf(type));
    }
    if (type == "FLOAT" || Pick(4) == 0) {
      return fmt::format("CAST({} AS {})", Of(AnyNumber(), depth - 1), type);
    }
    switch (Pick(5)) {
      case 0:
        return fmt::format(
            "{}({})", OneOf<std::string>(random_, {"floor", "ceil", "trunc", "round", "abs", "-"}),
            a);
      case 1:
        return fmt::format("round({}, {})", a, Pick(8) - 3);
      case 2:
        return fmt::format("{}({}, {})", OneOf<std::string>(random_, {"pow", "atan2", "log"}), a,
                           Leaf(type));
      case 3:
        return fmt::format("{}({})",
                           OneOf<std::string>(random_, {"sqrt", "ln", "log2", "log10", "asin",
                                                        "acos", "sin", "cos", "tan", "atanh"}),
                           a);
      default:
        return fmt::format(
            "{}({})",
            OneOf<std::string>(random_, {"cbrt", "exp", "atan", "sinh", "cosh", "tanh", "asinh",
                                         "acosh", "radians", "degrees"}),
            a);
    }
  }

  std::string Decimal(const std::string& type, int depth) {
    const std::string a = Of(type, depth - 1);
    switch (Pick(4)) {
      case 0:
        return fmt::format("CAST(({} {} {}) AS {})", a,
                           OneOf<std::string>(random_, {"+", "-", "*"}), Leaf(type), type);
      case 1:
        return fmt::format(
            "CAST({}({}) AS {})",
            OneOf<std::string>(random_, {"floor", "ceil", "trunc", "round", "abs", "-"}), a, type);
      case 2:
        return fmt::format("CAST(round({}, {}) AS {})", a, Pick(4) - 1, type);
      default:
        return fmt::format("{}({} AS {})", OneOf<std::string>(random_, {"CAST", "TRY_CAST"}),
                           Of(AnyNumber(), depth - 1), type);
    }
  }

  std::string Number() { return std::to_string(Pick(12) - 4); }

  // Of a constant, which DuckDB knows to be ASCII, a negative length behind the end and a start
  // before the beginning give something else than of other text.
  std::string Substring(const std::string& text) {
    const int length = Pick(12) - 4;
    const std::string start = Number();
    const bool differs = length < 0 || start.starts_with('-');
    return fmt::format("substring({}, {}, {})", differs ? Column("VARCHAR") : text, start, length);
  }

  std::string Text(int depth) {
    const std::string a = Of("VARCHAR", depth - 1);
    switch (Pick(13)) {
      case 11:
        return fmt::format("CAST({} AS VARCHAR)", Leaf("UUID"));
      case 0:
        return fmt::format(
            "{}({})", OneOf<std::string>(random_, {"lower", "upper", "trim", "ltrim", "rtrim"}), a);
      case 1:
        return fmt::format("{}({}, {})", OneOf<std::string>(random_, {"trim", "ltrim", "rtrim"}), a,
                           Leaf("VARCHAR"));
      case 2:
        return Substring(a);
      case 3:
        return fmt::format("substring({}, {})", a, Number());
      case 4:
        return fmt::format("{}({}, {})", OneOf<std::string>(random_, {"left", "right"}), a,
                           Number());
      case 5:
        return fmt::format("{}({}, {}, {})", OneOf<std::string>(random_, {"lpad", "rpad"}), a,
                           Pick(12), OneOf<std::string>(random_, {"'x'", "'äb'", "s"}));
      case 6:
        return fmt::format("repeat({}, {})", a, Pick(5) - 1);
      case 7:
        return fmt::format("replace({}, {}, {})", a, Leaf("VARCHAR"), Leaf("VARCHAR"));
      case 8:
        return fmt::format("concat({}, {}, {})", a, Leaf("VARCHAR"), Leaf("VARCHAR"));
      case 9:
        return fmt::format("({} || {})", a, Leaf("VARCHAR"));
      case 10:
        return Pick(2) == 0 ? fmt::format("regexp_extract({}, {})", a, Pattern())
                            : fmt::format("regexp_replace({}, {}, '<\\\\0>'{})", a, Pattern(),
                                          Pick(2) == 0 ? ", 'g'" : "");
      default:
        return fmt::format("concat_ws('-', {}, {})", a, Leaf("VARCHAR"));
    }
  }

  std::string Pattern() {
    return OneOf<std::string>(random_,
                              {"'a'", "'^n'", "'[0-9]+'", "'(.)m'", "'e$'", "'ä|b'", "''"});
  }

  std::string Date(int depth) {
    switch (Pick(3)) {
      case 0:
        return fmt::format("({} {} {}::INTEGER)", Of("DATE", depth - 1),
                           OneOf<std::string>(random_, {"+", "-"}), Pick(1000));
      case 1:
        return fmt::format("CAST({} AS DATE)", Of("TIMESTAMP", depth - 1));
      default:
        return Leaf("DATE");
    }
  }

  std::string Timestamp(int depth) {
    switch (Pick(3)) {
      case 0:
        return fmt::format("({} {} INTERVAL {} {})",
                           Of(OneOf<std::string>(random_, {"DATE", "TIMESTAMP"}), depth - 1),
                           OneOf<std::string>(random_, {"+", "-"}), Pick(50),
                           OneOf<std::string>(random_, {"MONTH", "DAY", "HOUR", "SECOND", "YEAR"}));
      case 1:
        return fmt::format("date_trunc('{}', {})",
                           OneOf<std::string>(random_, {"year", "quarter", "month", "week", "day",
                                                        "hour", "minute", "second", "decade",
                                                        "century", "millennium", "isoyear"}),
                           Of("TIMESTAMP", depth - 1));
      default:
        return fmt::format("CAST({} AS TIMESTAMP)", Of("DATE", depth - 1));
    }
  }

  // Nothing that can fail.
  std::string SafeBoolean(int depth) {
    const std::string type = AnyType();
    if (depth > 0 && Pick(2) == 0) {
      return fmt::format("({} {} {})", SafeBoolean(depth - 1),
                         OneOf<std::string>(random_, {"AND", "OR"}), SafeBoolean(depth - 1));
    }
    switch (Pick(5)) {
      case 0:
        return fmt::format("{} IS {}NULL", Column(type), Pick(2) == 0 ? "NOT " : "");
      case 1:
        return fmt::format("{} IN ({}, {}, {})", Column(type), Literal(type), Literal(type),
                           Literal(type));
      case 2:
        return fmt::format("{} BETWEEN {} AND {}", Column(type), Literal(type), Literal(type));
      default:
        return fmt::format("{} {} {}", Column(type), Comparison(), Leaf(type));
    }
  }

  std::string Comparison() {
    return OneOf<std::string>(
        random_, {"=", "<>", "<", "<=", ">", ">=", "IS DISTINCT FROM", "IS NOT DISTINCT FROM"});
  }

  std::string Boolean(int depth) {
    if (depth <= 0) return SafeBoolean(0);
    switch (Pick(7)) {
      case 0:
        return fmt::format("(NOT {})", Boolean(depth - 1));
      case 1:
        return fmt::format("({} {} {})", SafeBoolean(depth - 1),
                           OneOf<std::string>(random_, {"AND", "OR"}), SafeBoolean(depth - 1));
      case 2:
        return fmt::format(
            "({} {}{} {})", Of("VARCHAR", depth - 1), Pick(2) == 0 ? "NOT " : "",
            OneOf<std::string>(random_, {"LIKE", "ILIKE"}),
            OneOf<std::string>(random_, {"'a%'", "'%e_'", "'%'", "'na%3'", "''", "k", "'ÄÖ%'"}));
      case 3:
        return fmt::format("{}({}, {})",
                           OneOf<std::string>(random_, {"starts_with", "suffix", "contains"}),
                           Of("VARCHAR", depth - 1), Leaf("VARCHAR"));
      case 4:
        return fmt::format("regexp_{}({}, {})",
                           OneOf<std::string>(random_, {"matches", "full_match"}),
                           Of("VARCHAR", depth - 1), Pattern());
      case 5:
        return fmt::format("{}({})", OneOf<std::string>(random_, {"isnan", "isinf", "isfinite"}),
                           Of(OneOf<std::string>(random_, {"DOUBLE", "FLOAT"}), depth - 1));
      default: {
        const std::string type = AnyType();
        return fmt::format("({} {} {})", Of(type, depth - 1), Comparison(), Leaf(type));
      }
    }
  }

  std::string Measure(bool* approximate) {
    const std::string type = AnyType();
    switch (Pick(7)) {
      case 6: {
        // Of numbers of one size: what cancels out in others depends on the order of rows.
        *approximate = true;
        const Strings numbers = {"i1::DOUBLE", "d5::DOUBLE", "u1::DOUBLE", "i1::FLOAT"};
        if (Pick(2) == 0) {
          return fmt::format("{}({}, {})",
                             OneOf<std::string>(random_, {"covar_samp", "covar_pop", "corr"}),
                             "i1::DOUBLE", "d5::DOUBLE");
        }
        return fmt::format(
            "{}({})", OneOf<std::string>(random_, {"var_samp", "var_pop", "stddev", "stddev_pop"}),
            OneOf(random_, numbers));
      }
      case 0:
        return "count(*)";
      case 1:
        return fmt::format("count(DISTINCT {})", Column(type));
      case 2:
        return fmt::format("{}({})", OneOf<std::string>(random_, {"min", "max", "count"}),
                           Of(type, 2));
      case 3: {
        const std::string number = OneOf<std::string>(
            random_, {"TINYINT", "INTEGER", "BIGINT", "UBIGINT", "DECIMAL(5,2)", "DECIMAL(15,4)"});
        *approximate = true;
        return fmt::format("{}({})", OneOf<std::string>(random_, {"sum", "avg"}), Column(number));
      }
      case 4:
        return fmt::format("{}({})", OneOf<std::string>(random_, {"bit_and", "bit_or", "bit_xor"}),
                           Column(OneOf<std::string>(random_, {"TINYINT", "BIGINT", "UINTEGER"})));
      default:
        return fmt::format("{}({})", OneOf<std::string>(random_, {"bool_and", "bool_or"}),
                           SafeBoolean(1));
    }
  }

  RandomQuery Grouped() {
    RandomQuery query;
    std::string select;
    std::string keys;
    for (int i = Pick(3); i > 0; --i) {
      const std::string key = Column(AnyType());
      keys += (keys.empty() ? "" : ", ") + key;
      select += key + ", ";
    }
    for (int i = 1 + Pick(3); i > 0; --i) {
      select += Measure(&query.approximate);
      if (Pick(4) == 0) select += fmt::format(" FILTER ({})", SafeBoolean(0));
      if (i > 1) select += ", ";
    }
    query.sql = fmt::format("SELECT {} FROM TABLE", select);
    if (Pick(2) == 0) query.sql += " WHERE " + SafeBoolean(2);
    if (!keys.empty()) query.sql += " GROUP BY " + keys;
    query.sql += " ORDER BY ALL";
    return query;
  }

  // A cast that fails for some values.
  std::string FailingCast(const std::string& to) {
    if (to == "DATE" || to == "UUID" || to == "TIMESTAMP") {
      return fmt::format("CAST({} AS {})", Column("VARCHAR"), to);
    }
    const auto from = OneOf<std::string>(
        random_, {"VARCHAR", "VARCHAR", "BIGINT", "UBIGINT", "DOUBLE", "DECIMAL(30,6)"});
    return fmt::format("CAST({} AS {})", Column(from), to);
  }

  // What can fail, under a condition that is true where it does not: one of list functions, which
  // stay in DuckDB. The condition stands before, in the same WHERE, in a CASE, or below a
  // projection. (DuckDB evaluates a WHERE over a subquery before the subquery's own, over native
  // tables too.)
  RandomQuery Guarded() {
    const auto type = OneOf<std::string>(
        random_, {"TINYINT", "INTEGER", "BIGINT", "DECIMAL(5,2)", "DATE", "UUID", "TIMESTAMP"});
    const std::string value = FailingCast(type);
    const std::string guard = fmt::format("list_count([TRY_{}]) = 1", value);
    const auto comparison = OneOf<std::string>(random_, {"=", "<>", "<", "<=", ">", ">="});
    const std::string condition = fmt::format("{} {} {}", value, comparison, Literal(type));
    return {GuardedText(guard, value, condition), /*approximate=*/false, /*guarded=*/true};
  }

  std::string GuardedText(const std::string& guard, const std::string& value,
                          const std::string& condition) {
    switch (Pick(7)) {
      case 0:
        return fmt::format("SELECT id, {} FROM TABLE WHERE {} AND {} ORDER BY id", value, guard,
                           condition);
      case 1:
        return fmt::format("SELECT id, CASE WHEN {} THEN {} END FROM TABLE ORDER BY id", guard,
                           value);
      case 2:
        return fmt::format(
            "SELECT id FROM TABLE WHERE CASE WHEN {} THEN {} ELSE {} END ORDER BY id", guard,
            condition, SafeBoolean(0));
      case 3:
        return fmt::format(
            "SELECT {0}, count(*), min({1}), max({1}) FROM TABLE WHERE {2} AND {3} "
            "GROUP BY {0} ORDER BY ALL",
            Column("BOOLEAN"), value, guard, SafeBoolean(0));
      case 4:
        return fmt::format("SELECT id, {} FROM (SELECT * FROM TABLE WHERE {}) ORDER BY id", value,
                           guard);
      case 5:
        return fmt::format("SELECT id, {} AS v FROM TABLE WHERE {} AND {} ORDER BY v, id LIMIT {}",
                           value, SafeBoolean(0), guard, Pick(20));
      default:
        return fmt::format("SELECT count(*) FROM TABLE WHERE {} AND ({} AND {})", SafeBoolean(0),
                           guard, condition);
    }
  }

  RandomQuery TopK() {
    const std::string type = AnyType();
    return {fmt::format("SELECT id, {} FROM TABLE WHERE {} ORDER BY {} {} {}, id LIMIT {}",
                        Column(AnyType()), SafeBoolean(1), Column(type),
                        OneOf<std::string>(random_, {"ASC", "DESC"}),
                        OneOf<std::string>(random_, {"NULLS FIRST", "NULLS LAST"}), Pick(20)),
            false};
  }

  Random* random_;
};

}  // namespace

RandomQuery MakeQuery(Random* random) { return QueryWriter(random).Write(); }

}  // namespace skyhook::differential
