import pytest

from kbgate.errors import ConflictError, InfrastructureError
from kbgate.stores.write_lock import write_lock


def test_a_second_writer_is_refused_and_the_lock_is_free_again_afterwards(tmp_path):
    folder = tmp_path / "new" / "helpdesk"
    with write_lock(folder), pytest.raises(ConflictError, match="nothing was changed"), write_lock(folder):
        pass
    with write_lock(folder):
        pass


def test_an_error_inside_frees_the_lock(tmp_path):
    with pytest.raises(KeyError), write_lock(tmp_path):
        raise KeyError
    with write_lock(tmp_path):
        pass


def test_a_folder_that_cannot_be_made_names_the_setting(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    place = r"store\.options\.uri: the folder .*file/helpdesk"
    with pytest.raises(InfrastructureError, match=place), write_lock(tmp_path / "file" / "helpdesk"):
        pass
