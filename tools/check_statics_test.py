"""check_statics sees each kind of shared variable, and passes what is none."""

import unittest

import check_statics


class CheckStaticsTest(unittest.TestCase):
    def assert_complains(self, text, *names):
        self.assertEqual([name for _, name in check_statics.complaints_of(text)], list(names))

    def test_what_holds_sites_pools_caches_or_timers(self):
        self.assert_complains("  static const std::shared_ptr<Site> site = MakeSite();\n", "site")
        self.assert_complains("  static std::mutex mutex;\n", "mutex")
        self.assert_complains("  static auto& guards = *new std::map<int, Guard>();\n", "guards")
        self.assert_complains("  static const auto made = std::make_shared<Site>();\n", "made")
        self.assert_complains("  static Timer timer{1};\n", "timer")
        self.assert_complains("thread_local int64_t limit = 0;\n", "limit")
        self.assert_complains("std::map<int, int> known;\n", "known")

    def test_what_never_changes(self):
        self.assert_complains("  static constexpr int kMost = 3;\n")
        self.assert_complains("  static const std::map<std::string, int> kNames = {{}};\n")
        self.assert_complains("  static const auto table = [] { return Table(); }();\n")

    def test_what_is_no_variable(self):
        self.assert_complains("  static arrow::Result<Site> Make(int files = 1);\n")
        self.assert_complains("static bool IsFull(int rows) { return rows > 0; }\n")
        self.assert_complains("// static Timer timer;\n")

    def test_random_numbers(self):
        self.assert_complains("  static thread_local std::minstd_rand random{1};\n")

    def test_the_line(self):
        self.assertEqual(list(check_statics.complaints_of("\n\n  static Timer timer;\n")), [(3, "timer")])


if __name__ == "__main__":
    unittest.main()
