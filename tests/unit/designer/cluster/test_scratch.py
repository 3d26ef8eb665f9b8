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
        remedy = "remove it, or set cluster.scratch to a private folder"
        assert str(refusal.value) == f"scratch folder {tmp_path / name} {reason}; {remedy}"
    assert mode_of(tmp_path / "shared") == 0o1777  # what is not ours alone is left as it is


def test_a_folder_that_everybody_can_exchange_is_refused(tmp_path: Path) -> None:
    """A private folder is of no use where its name can be given to another one."""
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    (tmp_path / "open" / "mine").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "open" / "mine")
    reasons = {
        "open/new": f"everybody can rename files in {tmp_path}/open (mode 0777)",
        "open/mine/deeper/new": f"everybody can rename files in {tmp_path}/open (mode 0777)",
        "link/new": f"everybody can rename files in {tmp_path}/open (mode 0777)",
    }
    if os.getuid() == 0:
        for name, mode in (("temporary", 0o1777), ("theirs", 0o1777)):
            (tmp_path / name).mkdir()
            (tmp_path / name).chmod(mode)
        for name in ("theirs", "temporary/planted", "temporary/linked"):
            place = tmp_path / name
            place.symlink_to(tmp_path) if name.endswith("linked") else place.mkdir(exist_ok=True)
            os.chown(place, 65534, 65534, follow_symlinks=False)
        planted = {name: f"{tmp_path}/temporary/{name} belongs to user 65534" for name in ("planted", "linked")}
        reasons |= {f"temporary/{name}/new": reason for name, reason in planted.items()}
        reasons["theirs/new"] = f"everybody can write to {tmp_path}/theirs, which belongs to user 65534"
    for name, reason in reasons.items():
        with pytest.raises(UnsafeFolder) as refusal:
            private_folder(tmp_path / name)
        assert str(refusal.value) == (
            f"scratch folder {tmp_path / name} could be replaced by other users, since {reason}; "
            "set cluster.scratch to a private folder"
        )
        assert not (tmp_path / name).exists()
    # Folders of a group, and those of somebody who let this user in, are their owners' business.
    (tmp_path / "group").mkdir()
    (tmp_path / "group").chmod(0o2775)
    if os.getuid() == 0:
        os.chown(tmp_path / "group", 65534, 65534)
        (tmp_path / "temporary" / "ours").mkdir()
        (tmp_path / "temporary" / "way").symlink_to("ours")
        assert mode_of(private_folder(tmp_path / "temporary" / "way" / "new")) == 0o700
    assert mode_of(private_folder(tmp_path / "group" / "new")) == 0o700
