"""What the operators of the mutation check make of lines of C++."""

import unittest

import mutation


def made(operator, line):
    return list(operator(line, mutation.mask(line)))


class OperatorsTest(unittest.TestCase):
    def test_comparisons_flip_and_templates_stay(self):
        self.assertEqual(made(mutation.flip_comparison, "if (a < b && c == d) {"),
                         ["if (a <= b && c == d) {", "if (a < b && c != d) {"])
        self.assertEqual(made(mutation.flip_comparison, "std::vector<int> x;"), [])

    def test_strings_and_comments_stay(self):
        self.assertEqual(made(mutation.off_by_one, 'Name("a 1", 2);  // 3'),
                         ['Name("a 1", 3);  // 3', 'Name("a 1", 1);  // 3'])
        self.assertEqual(made(mutation.flip_comparison, "f('\\'', \" == \");"), [])

    def test_terms_drop_on_either_side(self):
        self.assertEqual(made(mutation.drop_term, "return a.size() + b;"),
                         ["return a.size();", "return b;"])

    def test_numbers_with_suffixes_and_in_names_stay(self):
        self.assertEqual(made(mutation.off_by_one, "int64_t x = 1'000 + 0.5 + x2;"), [])

    def test_two_arguments_swap(self):
        self.assertEqual(made(mutation.swap_arguments, "f(a, b->c());"), ["f(b->c(), a);"])
        self.assertEqual(made(mutation.swap_arguments, "f(a, b, c);"), [])

    def test_statements_are_skipped_and_declarations_are_not(self):
        for statement in ("  count += 2;", "  ++i;", "  Close();", "  a.b[0] = c;", "  break;"):
            self.assertEqual(made(mutation.skip_statement, statement), ["  ;"], statement)
        for other in ("  int x = 1;", "  return x;", "  if (a) b();", "  auto y = f();"):
            self.assertEqual(made(mutation.skip_statement, other), [], other)

    def test_conditions_are_negated_as_a_whole(self):
        self.assertEqual(made(mutation.negate_condition, "if (f(a) || b) return;"),
                         ["if (!(f(a) || b)) return;"])

    def test_a_text_is_walked_line_by_line(self):
        text = 'x();\n// y = 1;\nconst char* z = R"(\na < b;\n)";\nreturn a < b;\n'
        self.assertEqual([(line, name) for line, name, _, _ in mutation.mutations(text)],
                         [(1, "skip_statement"), (6, "flip_comparison")])


if __name__ == "__main__":
    unittest.main()
