"""Writes Substrait out of its Python packages: write_substrait.py DIRECTORY.

DIRECTORY/substrait.desc   the messages of Plan and ExtendedExpression, and of all they refer to, as
                           a FileDescriptorSet
DIRECTORY/extensions/      the definitions of the standard functions, as YAML

PyPI's substrait-protobuf carries the messages as generated Python modules and no .proto files;
protoc makes C++ out of the descriptors as well: protoc --descriptor_set_in=FILE --cpp_out=...
"""

import pathlib
import shutil
import sys

import substrait_extensions
from google.protobuf import descriptor_pb2
from substrait import extended_expression_pb2, plan_pb2


def add_with_dependencies(descriptor, files):
    """Appends `descriptor` to `files`, the files it imports first."""
    if any(file.name == descriptor.name for file in files):
        return
    for dependency in descriptor.dependencies:
        add_with_dependencies(dependency, files)
    descriptor.CopyToProto(files.add())


def write_descriptors(path):
    descriptors = descriptor_pb2.FileDescriptorSet()
    for module in (plan_pb2, extended_expression_pb2):
        add_with_dependencies(module.DESCRIPTOR, descriptors.file)
    path.write_bytes(descriptors.SerializeToString())


def copy_definitions(directory):
    directory.mkdir(exist_ok=True)
    source = pathlib.Path(substrait_extensions.__path__[0]) / "extensions"
    for definition in source.glob("*.yaml"):
        shutil.copy(definition, directory)


def main():
    directory = pathlib.Path(sys.argv[1])
    directory.mkdir(parents=True, exist_ok=True)
    write_descriptors(directory / "substrait.desc")
    copy_definitions(directory / "extensions")


if __name__ == "__main__":
    main()
