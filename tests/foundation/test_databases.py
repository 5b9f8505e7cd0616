"""DATABASES from DATABASE_URL or the embedded server."""

from __future__ import annotations

import pytest

from xinshu.kernel.errors import SettingInvalid
from xinshu.project.databases import databases, may_be_overheard


def test_both_aliases_lead_to_the_database_of_the_url_and_only_one_takes_the_role(settings_with):
    found = databases(settings_with(database_url="postgresql://ann:p%40ss@db:6543/credit?sslmode=require"))
    default, owner = found["default"], found["owner"]
    for each in (default, owner):
        place = [each[key] for key in ("NAME", "USER", "PASSWORD", "HOST", "PORT")]
        assert place == ["credit", "ann", "p@ss", "db", "6543"]
        assert each["OPTIONS"]["sslmode"] == "require"
    assert default["OPTIONS"]["options"] == "-c role=xinshu_app"
    assert "options" not in owner["OPTIONS"]


def test_options_of_the_url_are_kept_and_cannot_choose_another_role(settings_with):
    url = "postgresql:///credit?options=-c%20role%3Dpostgres%20-c%20work_mem%3D1MB"
    options = databases(settings_with(database_url=url))["default"]["OPTIONS"]["options"]
    assert options == "-c role=postgres -c work_mem=1MB -c role=xinshu_app"  # the last setting of a name counts


def test_without_a_url_it_is_the_embedded_server_in_the_state_folder(settings_with, tmp_path):
    settings = settings_with(database_url="", embedded_dir=str(tmp_path))
    default = databases(settings)["default"]
    assert (default["NAME"], default["USER"], default["PASSWORD"]) == ("xinshu", "xinshu", "")
    assert default["HOST"].startswith("/")
    assert list(tmp_path.iterdir()) == []  # asking starts nothing


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("postgresql://ann:sec ret@[db/credit", id="not a connection string"),
        pytest.param("postgresql://ann:secret@db?nonsense=secret", id="an unknown part"),
        pytest.param("postgresql://ann:secret@db", id="no database"),
    ],
)
def test_a_bad_url_is_refused_without_repeating_its_password(settings_with, url):
    with pytest.raises(SettingInvalid, match="DATABASE_URL") as caught:
        databases(settings_with(database_url=url))
    assert "sec" not in caught.value.message + caught.value.fix


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://ann@db.example/credit", True),
        ("postgresql://ann@192.0.2.7/credit?sslmode=prefer", True),
        ("postgresql://ann@192.0.2.7/credit?sslmode=disable", True),
        ("postgresql://ann@localhost,db.example/credit", True),
        ("postgresql://ann@localhost/credit?hostaddr=192.0.2.7", True),
        ("postgresql://ann@db.example/credit?sslmode=require", False),
        ("postgresql://ann@db.example/credit?sslmode=verify-full", False),
        ("postgresql://ann@localhost/credit", False),
        ("postgresql://ann@[::1]/credit", False),
        ("postgresql:///credit?host=/run/postgresql", False),
        ("", False),
    ],
)
def test_a_way_to_the_database_without_tls_is_told(settings_with, tmp_path, url, expected):
    assert may_be_overheard(settings_with(database_url=url, embedded_dir=str(tmp_path))) is expected
