"""Files are found and opened wherever settings may point, and what fails is named."""

import fsspec
import pytest

from kbgate.errors import EmptySourceError, InfrastructureError, SettingsError, SourceError
from kbgate.records import RejectedRow
from kbgate.sources import files
from kbgate.sources.files import list_files, list_folder


@pytest.fixture
def folder(tmp_path):
    for name in ("b/two.md", "a.md", "c.MD", "note.txt", ".git/x.md", "b/.hidden.md"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(name)
    return tmp_path


def test_glob_lists_each_file_once_sorted_by_path(folder):
    found = list_files([str(folder / "*.md"), str(folder / "a.md"), str(folder / "b" / "*.md")])
    assert [file.name for file in found] == ["a.md", "two.md"]


def test_file_whose_name_looks_like_a_glob_is_found_by_its_name(tmp_path):
    (tmp_path / "faq[1].jsonl").write_text("")
    assert [file.name for file in list_files(str(tmp_path / "faq[1].jsonl"))] == ["faq[1].jsonl"]


def test_missing_file_is_named(tmp_path):
    with pytest.raises(SourceError, match=r"none\.jsonl does not exist"):
        list_files(str(tmp_path / "none.jsonl"))


def test_glob_without_match_is_named(folder):
    with pytest.raises(SourceError, match=r"No file matches .*\*\.parquet"):
        list_files(str(folder / "*.parquet"))


def test_folder_in_place_of_a_file_is_refused(folder):
    with pytest.raises(SourceError, match="is a folder"):
        list_files(str(folder))


def test_folder_lists_relative_names_in_order_without_hidden_ones(folder):
    assert [file.name for file in list_folder(str(folder), [".md"])] == ["a.md", "b/two.md", "c.MD"]


def test_folder_without_wanted_files_is_refused(folder):
    with pytest.raises(SourceError, match=r"none of which ends in \.html"):
        list_folder(str(folder), [".html"])


def test_links_to_files_are_followed_in_globs_and_folders(folder, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "real.md").write_text("linked")
    (folder / "link.md").symlink_to(elsewhere / "real.md")
    assert [file.name for file in list_files(str(folder / "*.md"))] == ["a.md", "link.md"]
    found = {file.name: file for file in list_folder(str(folder), [".md"])}
    assert found["link.md"].page() == b"linked"


def test_link_that_leads_nowhere_is_named_in_globs_and_folders(folder):
    (folder / "link.md").symlink_to(folder / "gone.md")
    with pytest.raises(SourceError, match=r"link\.md is a link to .*gone\.md, which does not exist"):
        list_files(str(folder / "*.md"))
    with pytest.raises(SourceError, match=r"link\.md is a link to .*gone\.md, which does not exist"):
        list_folder(str(folder), [".md"])


def test_broken_link_to_what_is_not_read_is_no_matter(folder):
    (folder / "logo.png").symlink_to(folder / "gone.png")
    assert len(list_folder(str(folder), [".md"])) == 3


def test_linked_subfolder_is_followed(folder, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "deep").mkdir()
    (elsewhere / "deep" / "real.md").write_text("linked")
    (folder / "b" / "more").symlink_to(elsewhere)
    names = [file.name for file in list_folder(str(folder), [".md"])]
    assert names == ["a.md", "b/more/deep/real.md", "b/two.md", "c.MD"]


@pytest.mark.parametrize("target", [".", "b", ".."])
def test_linked_folder_in_which_the_link_stands_itself_is_an_error(folder, target):
    (folder / "b" / "loop").symlink_to((folder / target).resolve())
    with pytest.raises(SourceError, match=r"loop is a link to .*, in which it stands itself"):
        list_folder(str(folder), [".md"])


def test_folders_that_are_linked_into_each_other_are_an_error(folder, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (folder / "out").symlink_to(elsewhere)
    (elsewhere / "back").symlink_to(folder)
    with pytest.raises(SourceError, match="in which it stands itself"):
        list_folder(str(folder), [".md"])


def test_folder_without_any_file_is_an_empty_source(tmp_path):
    with pytest.raises(EmptySourceError, match="is empty"):
        list_folder(str(tmp_path), [".md"])


def test_missing_folder_and_file_in_place_of_a_folder_are_refused(folder):
    with pytest.raises(SourceError, match="does not exist"):
        list_folder(str(folder / "gone"), [".md"])
    with pytest.raises(SourceError, match="is a file"):
        list_folder(str(folder / "a.md"), [".md"])


def test_package_address_is_opened():
    (file,) = list_files("package://kbgate/kbgate.toml")
    assert any(b"artifact_root" in line for line in file.lines())


def test_fsspec_url_is_listed_and_read():
    memory = fsspec.filesystem("memory")
    memory.pipe({"/files_test/x/one.md": b"1", "/files_test/two.md": b"2"})
    found = list_folder("memory://files_test", [".md"])
    assert [(file.name, file.page()) for file in found] == [("two.md", b"2"), ("x/one.md", b"1")]
    assert found[0].uri == "memory:///files_test/two.md"
    assert [file.name for file in list_files("memory://files_test/*.md")] == ["two.md"]


def test_server_that_is_down_is_an_infrastructure_error():
    with pytest.raises(InfrastructureError, match=r"ftp://127\.0\.0\.1:1/x\.jsonl did not answer"):
        list_files("ftp://127.0.0.1:1/x.jsonl")


def test_unknown_protocol_is_a_settings_error():
    with pytest.raises(SettingsError, match="nosuch"):
        list_files("nosuch://bucket/x.jsonl")


def test_package_that_a_protocol_needs_is_named():
    with pytest.raises(SettingsError, match="Python package that is not installed"):
        list_files("abfs://container/x.jsonl")


def test_file_that_vanishes_after_listing_is_named(folder):
    found = list_folder(str(folder), [".md"])
    (folder / "a.md").unlink()
    with pytest.raises(SourceError, match=r"a\.md vanished"):
        found[0].page()
    with pytest.raises(SourceError, match=r"a\.md vanished"):
        list(found[0].lines())


@pytest.mark.parametrize(
    "content", ["Straße\n".encode("utf-16"), "abc\n".encode("utf-16-le"), b"\x89PNG\r\n\x1a\n\0\0"]
)
def test_utf16_and_binary_files_have_no_lines(tmp_path, content):
    (tmp_path / "x.jsonl").write_bytes(content)
    with pytest.raises(SourceError, match=r"x\.jsonl is UTF-16 or binary"):
        list(list_files(str(tmp_path / "x.jsonl"))[0].lines())


def test_byte_order_mark_is_taken_off_the_first_line(tmp_path):
    (tmp_path / "x.jsonl").write_bytes(b"\xef\xbb\xbfone\ntwo")
    assert list(list_files(str(tmp_path / "x.jsonl"))[0].lines()) == [b"one\n", b"two"]


def test_line_above_the_limit_is_cut_and_the_next_one_is_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "MAX_DOCUMENT_BYTES", 10)
    (tmp_path / "x.jsonl").write_bytes(b"a" * 35 + b"\nnext\n" + b"b" * 10 + b"\n" + b"c" * 11 + b"\nend")
    found = list(list_files(str(tmp_path / "x.jsonl"))[0].lines())
    assert found == [b"a" * 11, b"next\n", b"b" * 10 + b"\n", b"c" * 11, b"end"]


def test_page_above_the_limit_is_rejected(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "MAX_DOCUMENT_BYTES", 10)
    (tmp_path / "x.md").write_bytes(b"a" * 11)
    found = list_folder(str(tmp_path), [".md"])[0].page()
    assert isinstance(found, RejectedRow)
    assert found.rule == "malformed"


@pytest.mark.parametrize("content", [b"one\ntwo caf\xe9\n", b"one\ntwo\0\n"])
def test_page_of_another_encoding_is_rejected_with_the_line(folder, content):
    found = list_folder(str(folder), [".md"])[0].decoded(content)
    assert (found.rule, found.line, found.doc_id) == ("encoding", 2, "a.md")
