"""check_layers sees each kind of offence, and passes a tree without one."""

import pathlib
import tempfile
import unittest

import check_layers

TABLES = """
| folder | may include | holds |
|---|---|---|
| base | | words |
| plan | base | plans |
| site | base plan | the seam |
| site/local | base site | files |
| client | base site site/* | users |
| testing | anything | matchers |

| header | may be included by |
|---|---|
| parquet/ | client |
| rados/ | |
"""

HEADER = "// Says why.\n#pragma once\n"


class CheckLayersTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = pathlib.Path(directory.name)
        self.write("ARCHITECTURE.md", TABLES)
        self.write("src/skyhook/base/status.h", HEADER)
        self.write("src/skyhook/plan/pipeline.h", HEADER + '#include "skyhook/base/status.h"\n')
        self.write("src/skyhook/site/site.h", HEADER + '#include "skyhook/plan/pipeline.h"\n')

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def complaints(self):
        return list(check_layers.check_tree(self.root))

    def assert_only_complaint(self, text):
        complaints = self.complaints()
        self.assertEqual(len(complaints), 1, complaints)
        self.assertIn(text, complaints[0])

    def test_a_good_tree_passes(self):
        self.write("src/skyhook/client/table.cc",
                   '#include "skyhook/site/local/files.h"\n#include <parquet/api.h>\n')
        self.write("src/skyhook/site/local/files.h", HEADER + '#include "skyhook/site/site.h"\n')
        self.assertEqual(self.complaints(), [])

    def test_an_include_that_points_up(self):
        self.write("src/skyhook/base/limits.cc", '\n#include "skyhook/plan/pipeline.h"\n')
        self.assert_only_complaint(
            'src/skyhook/base/limits.cc:2: base may not include "skyhook/plan/pipeline.h"')

    def test_a_folder_may_not_include_its_subfolder_unless_the_table_says_so(self):
        self.write("src/skyhook/site/local/files.h", HEADER)
        self.write("src/skyhook/site/site.cc", '#include "skyhook/site/local/files.h"\n')
        self.assert_only_complaint("site may not include")

    def test_a_subfolder_does_not_inherit_from_its_folder(self):
        self.write("src/skyhook/site/local/files.cc", '#include "skyhook/plan/pipeline.h"\n')
        self.assert_only_complaint("site/local may not include")

    def test_a_library_outside_its_folder(self):
        self.write("src/skyhook/plan/types.cc", "#include <parquet/types.h>\n")
        self.assert_only_complaint("plan may not include <parquet/types.h>")

    def test_a_library_that_nobody_may_include(self):
        self.write("src/skyhook/client/pool.cc", "#include <rados/librados.hpp>\n")
        self.assert_only_complaint("client may not include <rados/librados.hpp>")

    def test_tests_and_testing_may_include_anything(self):
        anything = '#include "skyhook/site/site.h"\n#include <parquet/api.h>\n'
        self.write("src/skyhook/base/status_test.cc", anything)
        self.write("src/skyhook/testing/matchers.h", HEADER + anything)
        self.assertEqual(self.complaints(), [])

    def test_an_include_that_does_not_exist(self):
        self.write("src/skyhook/plan/types.cc", '#include "skyhook/plan/types.h"\n')
        self.assert_only_complaint("does not exist")

    def test_an_include_relative_to_the_file(self):
        self.write("src/skyhook/base/status.cc", '#include "status.h"\n')
        self.assert_only_complaint("no full path")

    def test_a_folder_without_a_row(self):
        self.write("src/skyhook/util/strings.cc", "")
        self.assert_only_complaint("src/skyhook/util/strings.cc:1: its folder has no row")

    def test_a_cycle_of_the_table(self):
        self.write("ARCHITECTURE.md", TABLES.replace("| base | |", "| base | site |"))
        self.assert_only_complaint("folders include one another: base -> site -> base")

    def test_a_folder_and_one_below_it_may_include_one_another(self):
        both = TABLES.replace("| site | base plan |", "| site | base plan site/local |")
        self.write("ARCHITECTURE.md", both)
        self.assertEqual(self.complaints(), [])
        self.write("ARCHITECTURE.md", both.replace("| plan | base |", "| plan | base site/local |"))
        self.assert_only_complaint("folders include one another: site -> plan -> site")

    def test_a_cycle_of_headers_in_one_folder(self):
        self.write("src/skyhook/base/a.h", HEADER + '#include "skyhook/base/b.h"\n')
        self.write("src/skyhook/base/b.h", HEADER + '#include "skyhook/base/a.h"\n')
        self.assert_only_complaint("headers include one another: src/skyhook/base/a.h -> ")

    def test_a_header_without_pragma_once(self):
        self.write("src/skyhook/base/status.h", "// Says why.\n")
        self.assert_only_complaint("no #pragma once")

    def test_a_header_without_a_sentence(self):
        self.write("src/skyhook/base/status.h", "#pragma once\n// Too late.\n")
        self.assert_only_complaint("opens with a comment")

    def test_a_missing_table(self):
        self.write("ARCHITECTURE.md", "| folder | may include |\n")
        with self.assertRaises(check_layers.TableError):
            self.complaints()


if __name__ == "__main__":
    unittest.main()
