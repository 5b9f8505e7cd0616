"""What disclosure keeps sealed is opened before, during and after a rotation of its keys."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from xinshu.bootstrap.sealed import stores
from xinshu.disclosure.asking import query
from xinshu.disclosure.consents import consents_of_subject, subject_of
from xinshu.disclosure.domain import Asked
from xinshu.disclosure.models import Answer, Consent, TicketSubject
from xinshu.disclosure.results import result_place
from xinshu.disclosure.sealed import answer_place
from xinshu.disclosure.tickets import unsealed
from xinshu.security.crypto.keyring import KeyState, Purpose
from xinshu.security.rotation.engine import rotate, work
from xinshu.security.rotation.progress import Phase
from xinshu.security.sealing import file_keys, key_number

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


def test_queries_consents_answers_and_results_are_moved(gate, world, officer, make_request, make_consent):
    make_consent(1)
    query(gate, officer, make_request(2), NOW)
    home, vault, result = world.desk.settings.home, gate.vault, uuid4()
    place = answer_place("K1", "once")
    Answer.objects.create(client="K1", key="once", request="", at=NOW, sealed=vault.seal(b"{}", place))
    path = home / "disclosed" / f"{result}.sealed"
    path.parent.mkdir(mode=0o700, exist_ok=True)
    with path.open("wb") as file:
        vault.seal_file(io.BytesIO(b"result"), file, result_place(result))

    def opened() -> tuple:
        with path.open("rb") as file:
            content = b"".join(vault.open_file(file, result_place(result)))
        return (
            [subject_of(gate, each).code for each in Consent.objects.all()],
            [unsealed(gate, each).code for each in TicketSubject.objects.all()],
            vault.open_cell(bytes(Answer.objects.get().sealed), place),
            content,
            len(consents_of_subject(gate, Asked("organisation", world.company(1)))),
        )

    before = opened()
    assert before[:2] == ([world.company(1)], [world.company(2)])
    for purpose in (Purpose.CELLS, Purpose.FILES, Purpose.INDEX):
        rotate(home, purpose, NOW)
    assert opened() == before
    done = work(vault, stores(world.desk.settings), seconds=60, settle=timedelta(0))
    assert done.phase is Phase.DONE
    assert opened() == before
    active = {each.number for each in vault.keyring.facts() if each.state is KeyState.ACTIVE}
    cells = [Consent.objects.get().sealed, TicketSubject.objects.get().sealed, Answer.objects.get().sealed]
    assert {key_number(bytes(each)) for each in cells} <= active
    with path.open("rb") as file:
        assert file_keys(file) <= active
