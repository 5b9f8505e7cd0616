"""Passwords: which are taken, which were used before, when one must be changed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.hashers import ScryptPasswordHasher
from django.core.exceptions import ValidationError

from xinshu.security.domain import Role
from xinshu.security.identity.passwords import change_password, must_change, too_late
from xinshu.security.models import User

GOOD = [
    "Nei-Ku-Zhang-7712",
    "四海之内皆兄弟也吾往矣7A",
    "春眠不觉晓处处闻啼鸟Ok",
    "correct horse Battery",
    "tr0mbone-Waltz",
    "Zq9!Zq8!Xp7!",
    "漆黑的夜里有12盏灯亮着x",
    "a" * 3 + "B7-" + "wxyzkjhgfdsq",
    "Paper7Kite9Stone",
    "ÄpfelUndBirnen7",
    "0f3K-92ma-Lq71-88dd-00aZ-p31x-KKe7-19Xo-aa2P-7763-bB51-cC90-dD1",  # 64 characters and more
    "   spaces Are 1 fine   ",
    "１２３４５６７８abcdEF",
    "wei-Shen-Me-Bu-9",
]
BAD = [
    ("", "空"),
    ("Short-7a", "short"),
    ("Elevenchar1", "eleven"),
    ("alllowercaseletters", "one class"),
    ("lowerUPPERonlyhere", "two classes"),
    ("1234567890123", "digits"),
    ("Aaaaaaaaaaa1", "one character again and again"),
    ("Xinshu-2026-Ok", "the platform"),
    ("我的信枢口令Abc123", "the platform in Chinese"),
    ("jiamou-Likes-7", "the user name"),
    ("JIAMOU-likes-7", "the user name in capitals"),
    ("ＪＩＡＭＯＵ-likes-7", "the user name in full width"),
    ("甲大某的密码Abc123", "the person's name"),
    ("示例省公共信用信息中心Ab1", "the unit"),
    ("Password-1234", "a context word"),
    ("Admin-Admin-123", "another context word"),
    ("Xq7-" * 65, "longer than 256"),
]


@pytest.fixture
def user(make_user) -> User:
    made = make_user("jiamou", Role.OPERATOR)
    made.display_name = "甲大某"
    made.save()
    return made


@pytest.mark.parametrize("password", GOOD)
def test_a_good_password_is_taken_and_opens(user, now, password):
    change_password(user, password, now)
    assert User.objects.get().check_password(password)


@pytest.mark.parametrize("password", [pytest.param(each, id=why) for each, why in BAD])
def test_a_bad_password_is_refused(user, now, password):
    with pytest.raises(ValidationError):
        change_password(user, password, now)
    assert not User.objects.get().password


def test_it_is_kept_by_a_memory_hard_function(user, now):
    change_password(user, GOOD[0], now)
    assert User.objects.get().password.startswith("scrypt$")


class Cheap(ScryptPasswordHasher):
    """What an earlier version might have used."""

    work_factor = 2**12


def test_an_older_cheaper_digest_is_made_anew_at_sign_in(user):
    user.password = Cheap().encode(GOOD[0], "salt1234salt1234salt12")
    user.save()
    assert user.check_password(GOOD[0])
    assert User.objects.get().password.split("$")[1] == str(ScryptPasswordHasher.work_factor)


def test_none_of_the_last_five_comes_back_and_the_sixth_may(user, now):
    used = [f"Waltz-Trombone-{number}{number}" for number in range(6)]
    for number, each in enumerate(used):
        change_password(user, each, now + timedelta(minutes=number))
    later = now + timedelta(hours=1)
    for each in used[1:]:
        with pytest.raises(ValidationError, match="最近 5 次"):
            change_password(user, each, later)
    change_password(user, used[0], later)


@pytest.mark.parametrize(("days", "due"), [(89, False), (90, True)])
def test_staff_changes_it_after_ninety_days(user, now, days, due):
    change_password(user, GOOD[0], now)
    assert must_change(user, now + timedelta(days=days)) is due


def test_one_who_is_no_staff_keeps_it(make_user, now):
    firm = make_user("qiye", Role.ENTERPRISE)
    change_password(firm, GOOD[0], now)
    assert not must_change(firm, now + timedelta(days=900))


@pytest.mark.parametrize(("seconds", "late"), [(-1, False), (0, False), (1, True)])
def test_a_one_time_password_lives_seventy_two_hours(user, now, seconds, late):
    change_password(user, GOOD[0], now, temporary=True)
    assert must_change(user, now)
    assert too_late(user, now + timedelta(hours=72, seconds=seconds)) is late


def test_ones_own_password_is_changed_with_the_old_one_and_ends_the_other_sessions(make_user, browser_of):
    user = make_user("ann", Role.REPORTER)
    user.set_password("Zq9!Zq8!Xp7!")
    user.save()
    here, there = browser_of(user), browser_of(user)
    sent = {"new": "Paper7Kite9Stone", "again": "Paper7Kite9Stone"}
    for old in ("", "zq9!zq8!xp7!", "Zq9!Zq8!Xp7! "):
        assert "原口令不正确" in here.post("/c/account/password", {**sent, "old": old}).content.decode()
    assert User.objects.get(pk=user.pk).check_password("Zq9!Zq8!Xp7!")
    assert here.post("/c/account/password", {**sent, "old": "Zq9!Zq8!Xp7!"}).status_code == 302
    assert User.objects.get(pk=user.pk).check_password("Paper7Kite9Stone")
    assert here.get("/c/account").status_code == 200
    assert there.get("/c/account").status_code == 302
