"""Folders for files that no other user may exchange."""

import os
import stat
import sys
import tempfile
from pathlib import Path

import pytest
from cluster_trials import job

from designer.cluster.scratch import private_folder, scratch_folder, user_folder
from designer.errors import UnsafeFolder

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="permissions of POSIX")


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("mask", [0o000, 0o022])
def test_it_is_made_private_whatever_the_umask(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        folder = scratch_folder(job(Path("/somewhere/campaign")), str(tmp_path / "scratch"))
        assert folder.parent == tmp_path / "scratch" / f"designer-{os.getuid()}"
        assert mode_of(folder.parent) == 0o700
        assert scratch_folder(job(Path("/somewhere/campaign")), str(tmp_path / "scratch")) == folder
        assert scratch_folder(job(Path("/elsewhere")), str(tmp_path / "scratch")) != folder
    finally:
        os.umask(before)


def test_without_a_setting_it_is_in_the_folder_of_temporary_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert user_folder() == tmp_path / f"designer-{os.getuid()}"


def test_what_earlier_versions_made_is_closed(tmp_path: Path) -> None:
    (tmp_path / "ours").mkdir(mode=0o755)
    (tmp_path / "ours" / "kept").touch()
    assert mode_of(private_folder(tmp_path / "ours")) == 0o700
    assert (tmp_path / "ours" / "kept").exists()


def test_a_folder_that_others_can_change_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "file").touch()
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared").chmod(0o1777)
    (tmp_path / "group").mkdir()
    (tmp_path / "group").chmod(0o770)
    reasons = {
        "link": "is a symbolic link",
        "file": "is a file",
        "shared": "can be written by others (mode 1777)",
        "group": "can be written by others (mode 0770)",
    }
    if os.getuid() == 0:
        (tmp_path / "other").mkdir(mode=0o700)
        os.chown(tmp_path / "other", 65534, 65534)
        reasons["other"] = "belongs to user 65534, not to 0"
    for name, reason in reasons.items():
        with pytest.raises(UnsafeFolder) as refusal:
            private_folder(tmp_path / name)
        remedy = "remove it, or set cluster.scratch to a folder of your own"
        assert str(refusal.value) == f"scratch folder {tmp_path / name} {reason}; {remedy}"
    assert mode_of(tmp_path / "shared") == 0o1777  # what is not ours alone is left as it is
