"""Sealed cells and files open at their place only; indexes find equal values however spelt; old installations go on."""

from __future__ import annotations

import io
import json
import os

import pytest
import zstandard
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from xinshu.security.crypto import Suite, start_crypto
from xinshu.security.crypto.errors import KeyringUnusable, SealBroken
from xinshu.security.crypto.keyring import Keyring, KeyState, Purpose
from xinshu.security.sealing import Vault, file_keys, key_number

VALUE = '{"法定代表人":"张三丰"}'.encode()
PLACE = b"records_record\0sealed\0" + bytes(16)
OLD_ID = "990102620207001"
ID = "990102196202070014"
SPELLINGS = [
    "99010219620207001X",
    "99010219620207001x",
    "９９０１０２１９６２０２０７００１Ｘ",
    " 99010219620207001X ",
    "\u300099010219620207001ｘ\t",
    "990102 19620207 001X",
    "9901021962\u200b0207001X",
    "990102620207001",
]


@pytest.fixture
def vault(tmp_path) -> Vault:
    return Vault.open(tmp_path)


def sealed_file(vault: Vault, content: bytes, place: str = "raw\0a") -> bytes:
    target = io.BytesIO()
    vault.seal_file(io.BytesIO(content), target, place)
    return target.getvalue()


def test_a_cell_opens_at_its_place_and_tells_its_key(vault):
    sealed = vault.seal(VALUE, PLACE)
    active = vault.keyring.active(Purpose.CELLS).facts
    assert vault.open_cell(sealed, PLACE) == VALUE
    assert (sealed[0], sealed[1], key_number(sealed)) == (2, 1, active.number)
    assert active.algorithm == "sm4-gcm"
    assert VALUE not in sealed


def test_no_bit_of_a_cell_can_be_changed(vault):
    sealed = bytearray(vault.seal(b"x", PLACE))
    for bit in range(8 * len(sealed)):
        sealed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(SealBroken):
            vault.open_cell(bytes(sealed), PLACE)
        sealed[bit // 8] ^= 1 << bit % 8
    for length in range(len(sealed)):
        with pytest.raises(SealBroken):
            vault.open_cell(bytes(sealed[:length]), PLACE)


def test_swapped_cells_do_not_open(vault):
    places = [PLACE[:-1] + bytes((row,)) for row in (1, 2)]
    first, second = vault.seal_many([VALUE, b"other"], places)
    for sealed, place in ((first, places[1]), (second, places[0]), (first, b"t\0other\0" + places[0][-16:])):
        with pytest.raises(SealBroken):
            vault.open_cell(sealed, place)
    assert vault.open_cell(first, places[0]) == VALUE


def test_equal_cells_look_different(vault):
    sealed = vault.seal_many([VALUE] * 100, [PLACE] * 100)
    assert len({each[4:16] for each in sealed}) == 100
    assert len(set(sealed)) == 100


def test_another_installation_cannot_open_it(vault, tmp_path):
    other = Vault.open(tmp_path / "other")
    with pytest.raises(SealBroken):
        other.open_cell(vault.seal(VALUE, PLACE), PLACE)


@pytest.mark.parametrize("size", [0, 1, 5 << 20])
def test_a_file_comes_back_whole_or_not_at_all(vault, size):
    content = os.urandom(size)
    sealed = sealed_file(vault, content)
    assert b"".join(vault.open_file(io.BytesIO(sealed), "raw\0a")) == content
    assert file_keys(io.BytesIO(sealed)) == {vault.keyring.active(Purpose.FILES).facts.number}
    frame = 4 + int.from_bytes(sealed[:4], "big")
    for broken in (sealed[:-1], sealed[:-frame] if size < frame else sealed[: -(len(sealed) % frame)], sealed[frame:]):
        with pytest.raises(SealBroken):
            b"".join(vault.open_file(io.BytesIO(broken), "raw\0a"))
    with pytest.raises(SealBroken):
        b"".join(vault.open_file(io.BytesIO(sealed), "raw\0b"))


def test_a_file_sealed_anew_is_the_same_inside(vault):
    content = os.urandom(3 << 20)
    old = sealed_file(vault, content)
    before = vault.keyring.active(Purpose.FILES).facts.number
    new = vault.keyring.new_key(Purpose.FILES, replace_active=True).facts.number
    target = io.BytesIO()
    vault.reseal_file(io.BytesIO(old), target, "raw\0a")
    assert (file_keys(io.BytesIO(old)), file_keys(io.BytesIO(target.getvalue()))) == ({before}, {new})
    for sealed in (old, target.getvalue()):
        assert b"".join(vault.open_file(io.BytesIO(sealed), "raw\0a")) == content


def test_a_file_being_read_survives_the_end_of_its_key(vault, tmp_path):
    content = os.urandom(3 << 20)
    reading = Vault.open(tmp_path).open_file(io.BytesIO(sealed_file(vault, content)), "raw\0a")
    begun = next(reading)
    old = vault.keyring.active(Purpose.FILES).facts
    vault.keyring.new_key(Purpose.FILES, replace_active=True)
    vault.keyring.destroy(old.number, now=old.created_at)
    assert begun + b"".join(reading) == content


def test_a_rotation_is_felt_by_other_processes_at_once(vault, tmp_path):
    other = Vault.open(tmp_path)
    old = vault.seal(VALUE, PLACE)
    vault.keyring.new_key(Purpose.CELLS, replace_active=True)
    new = other.seal(VALUE, PLACE)
    assert key_number(new) > key_number(old)
    assert other.open_cell(old, PLACE) == vault.open_cell(new, PLACE) == VALUE
    vault.keyring.destroy(key_number(old), now=vault.keyring.facts()[0].created_at)
    assert other.seal(VALUE, PLACE)
    with pytest.raises(SealBroken):
        other.open_cell(old, PLACE)


def test_eight_spellings_have_one_index(vault):
    numbers = {vault.blind_index("id_no", each) for each in SPELLINGS[:-1]}
    assert len(numbers) == 1
    assert {vault.blind_index("id_no", f"P身份证:{each}") for each in SPELLINGS[:-1]} == numbers
    assert {vault.reference("id_no", each) for each in SPELLINGS[:-1]} != numbers
    from xinshu.kernel.identifiers.citizen_id import from_15

    assert vault.blind_index("id_no", SPELLINGS[-1]) == vault.blind_index("id_no", from_15(OLD_ID))
    whole = from_15(OLD_ID)
    eight = [
        whole,
        OLD_ID,
        f" {whole}\u3000",
        whole.lower(),
        "".join(chr(ord(char) + 0xFEE0) for char in whole),
        f"{whole[:6]} {whole[6:14]} {whole[14:]}",
        f"\u200b{whole}\ufeff",
        f"P身份证：{whole}",
    ]
    assert len(set(eight)) >= 7
    assert len({vault.blind_index("id_no", each) for each in eight}) == 1


def test_other_values_fields_and_installations_have_other_indexes(vault, tmp_path):
    ours = vault.blind_index("id_no", ID)
    assert vault.blind_index("id_no", ID[:-1] + "5") != ours
    assert vault.blind_index("id_no", f"P护照:{ID}") != ours
    assert vault.blind_index("phone", ID) != ours
    assert vault.reference("id_no", ID) != ours
    assert Vault.open(tmp_path / "other").blind_index("id_no", ID) != ours


def test_during_a_rotation_a_value_is_looked_up_under_both_keys(vault):
    before, lasting = vault.blind_index("id_no", ID), vault.reference("id_no", ID)
    assert vault.lookup_indexes("id_no", ID) == [before]
    old = vault.keyring.active(Purpose.INDEX).facts
    vault.keyring.new_key(Purpose.INDEX, replace_active=True)
    after = vault.blind_index("id_no", ID)
    assert vault.lookup_indexes("id_no", ID) == [after, before]
    assert (before.bytes[0], after.bytes[0]) == (old.number, vault.keyring.active(Purpose.INDEX).facts.number)
    vault.keyring.destroy(old.number, now=old.created_at)
    assert vault.lookup_indexes("id_no", ID) == [after]
    assert vault.reference("id_no", ID) == lasting


def test_the_international_suite_seals_for_new_keys_and_still_opens_the_others(vault):
    old = vault.seal(VALUE, PLACE)
    start_crypto("soft", "same", Suite.INTERNATIONAL)
    try:
        for purpose in (Purpose.CELLS, Purpose.INDEX):
            vault.keyring.new_key(purpose, replace_active=True)
        vault.keyring.rotate_kek()
        new = vault.seal(VALUE, PLACE)
        assert (new[1], vault.keyring.active(Purpose.CELLS).facts.algorithm) == (2, "aes-256-gcm")
        assert vault.open_cell(old, PLACE) == vault.open_cell(new, PLACE) == VALUE
        assert len(vault.lookup_indexes("id_no", ID)) == 2
    finally:
        start_crypto("soft", "same")
    assert vault.open_cell(new, PLACE) == VALUE


# -- the files of keys -------------------------------------------------------------------------------------------


def test_the_key_files_are_private_and_hold_no_plain_key(vault, tmp_path):
    folder = tmp_path / "keys"
    assert {each.stat().st_mode & 0o777 for each in folder.iterdir()} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700
    keyring = (folder / "keyring.json").read_bytes()
    keys = vault.keyring.living_numbers().values()
    assert not any(each.secret in keyring or each.secret.hex().encode() in keyring for each in keys)
    assert not any(each.secret.hex() in repr(each) or str(each.secret) in repr(each) for each in keys)


def _other(content: str) -> str:
    """A key file of the right shape with other keys in it."""
    found = json.loads(content)
    if "keks" in found:
        return json.dumps({**found, "keks": dict.fromkeys(found["keks"], "00" * 32)})
    return json.dumps({**found, "keys": [{**each, "wrapped": "AAAA"} for each in found["keys"]]})


def test_a_key_file_open_to_others_or_broken_is_refused(vault, tmp_path):
    for name in ("keyring.json", "kek.json"):
        path = tmp_path / "keys" / name
        content = path.read_text()
        path.chmod(0o644)
        with pytest.raises(KeyringUnusable, match="可被其他用户读取"):
            Vault.open(tmp_path)
        path.chmod(0o600)
        for broken in ("", "[]", "{}", '{"format": 9, "keys": [], "keks": []}', _other(content)):
            path.write_text(broken)
            with pytest.raises(KeyringUnusable):
                Vault.open(tmp_path)
        path.write_text(content)
    assert Vault.open(tmp_path).open_cell(vault.seal(VALUE, PLACE), PLACE) == VALUE


def test_wrapped_keys_cannot_change_places(vault, tmp_path):
    path = tmp_path / "keys" / "keyring.json"
    content = json.loads(path.read_text())
    first, second = content["keys"][:2]
    first["wrapped"], second["wrapped"] = second["wrapped"], first["wrapped"]
    path.write_text(json.dumps(content))
    with pytest.raises(KeyringUnusable):
        Vault.open(tmp_path)


def test_a_new_kek_wraps_every_key_and_the_old_one_is_gone(vault, tmp_path):
    sealed = vault.seal(VALUE, PLACE)
    path = tmp_path / "keys" / "kek.json"
    old = json.loads(path.read_text())["keks"]["1"]
    assert vault.keyring.rotate_kek() == 2
    assert old not in path.read_text()
    assert not (tmp_path / "keys" / "kek.json.old").exists()
    assert Vault.open(tmp_path).open_cell(sealed, PLACE) == VALUE


@pytest.mark.parametrize("cut_at", range(1, 5))
def test_a_kek_rotation_cut_at_any_write_is_ended_by_the_next(vault, tmp_path, monkeypatch, cut_at):
    from xinshu.security.crypto import keyring as module

    sealed = vault.seal(VALUE, PLACE)
    calls = iter(range(1, 99))

    def cutting(real):
        def call(*arguments):
            if next(calls) == cut_at:
                raise KeyboardInterrupt
            return real(*arguments)

        return call

    with monkeypatch.context() as patched:
        patched.setattr(module, "write_keys", cutting(module.write_keys))
        patched.setattr(module, "wipe", cutting(module.wipe))
        with pytest.raises(KeyboardInterrupt):
            vault.keyring.rotate_kek()
    again = Vault.open(tmp_path)
    assert again.open_cell(sealed, PLACE) == VALUE
    again.keyring.rotate_kek()
    assert Vault.open(tmp_path).open_cell(sealed, PLACE) == VALUE
    assert len(json.loads((tmp_path / "keys" / "kek.json").read_text())["keks"]) == 1
    assert not (tmp_path / "keys" / "kek.json.old").exists()


def test_a_lost_kek_is_not_made_anew(vault, tmp_path):
    (tmp_path / "keys" / "kek.json").unlink()
    with pytest.raises(KeyringUnusable):
        vault.keyring.new_key(Purpose.CELLS, replace_active=True)


# -- taking over an installation made before there was a keyring ---------------------------------------------------


class Before:
    """What the first version of the program did with keys/data.json, written anew from its format."""

    def __init__(self, home) -> None:
        self.sm4, self.secret = os.urandom(16), os.urandom(32)
        folder = home / "keys"
        folder.mkdir(mode=0o700, parents=True)
        self.path = folder / "data.json"
        self.path.write_text(json.dumps({"key_id": 1, "sm4": self.sm4.hex(), "index": self.secret.hex()}))
        self.path.chmod(0o600)

    def seal(self, value: bytes, place: bytes) -> bytes:
        nonce = os.urandom(12)
        encryptor = Cipher(algorithms.SM4(self.sm4), modes.GCM(nonce)).encryptor()
        encryptor.authenticate_additional_data(place)
        return b"\1\1" + nonce + encryptor.update(value) + encryptor.finalize() + encryptor.tag

    def mac(self, text: str) -> bytes:
        mac = hmac.HMAC(self.secret, hashes.SM3())
        mac.update(text.encode())
        return mac.finalize()

    def file(self, content: bytes, place: str) -> bytes:
        sealed = self.seal(zstandard.ZstdCompressor().compress(content), f"{place}\0{0}\0{1}".encode())
        return len(sealed).to_bytes(4, "big") + sealed


def test_an_older_installation_goes_on(tmp_path):
    before = Before(tmp_path)
    vault = Vault.open(tmp_path)
    cell = before.seal(VALUE, PLACE)
    assert vault.open_cell(cell, PLACE) == VALUE
    assert b"".join(vault.open_file(io.BytesIO(before.file(VALUE, "raw\0a")), "raw\0a")) == VALUE
    assert not before.path.exists()
    stood_for = f"P身份证:{ID}"
    assert vault.identity("id_no", stood_for).bytes == before.mac(f"id_no\0{stood_for}")[:16]
    assert vault.digest_key("content") == before.mac("digest\0content")
    assert before.mac(f"id_no\0{stood_for}")[:16] in [each.bytes for each in vault.lookup_indexes("id_no", ID)]
    assert vault.blind_index("id_no", ID).bytes != before.mac(f"id_no\0{stood_for}")[:16]
    assert key_number(vault.seal(VALUE, PLACE)) != 1
    states = {(each.number, each.purpose): each.state for each in vault.keyring.facts() if each.legacy}
    assert states == {
        (1, "cells"): KeyState.OLD,
        (2, "index"): KeyState.OLD,
        (3, "digest"): KeyState.ACTIVE,
    }
    again = Vault.open(tmp_path)
    assert again.open_cell(cell, PLACE) == VALUE
    assert again.keyring.facts() == vault.keyring.facts()


def test_a_take_over_cut_before_the_file_was_removed_is_ended(tmp_path, monkeypatch):
    before = Before(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr("xinshu.security.crypto.takeover.wipe", lambda path: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            Vault.open(tmp_path)
    assert before.path.exists()
    vault = Vault.open(tmp_path)
    assert vault.open_cell(before.seal(VALUE, PLACE), PLACE) == VALUE
    assert not before.path.exists()
    assert len([each for each in vault.keyring.facts() if each.legacy]) == 3


def test_an_unreadable_old_key_file_is_not_passed_over(tmp_path):
    before = Before(tmp_path)
    before.path.write_text("{}")
    with pytest.raises(SealBroken):
        Vault.open(tmp_path)
    assert before.path.exists()


def test_an_old_cell_does_not_open_with_a_new_key_of_its_number(vault):
    sealed = vault.seal(VALUE, PLACE)
    for number in range(8):
        with pytest.raises(SealBroken):
            vault.open_cell(bytes((1, number)) + sealed[4:], PLACE)


def test_processes_that_start_together_agree_on_the_keys(tmp_path):
    import threading

    found: list[Vault] = []
    threads = [threading.Thread(target=lambda: found.append(Vault.open(tmp_path))) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    sealed = found[0].seal(VALUE, PLACE)
    assert all(each.open_cell(sealed, PLACE) == VALUE for each in found)
    assert len(Keyring(tmp_path).facts()) == 4
