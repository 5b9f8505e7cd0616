"""Parts of pages rendered once in a process: the same words as without keeping, anew for other values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pytest
from django.template import Context, Template, TemplateSyntaxError, engines
from django.test import Client

from xinshu.web.parts.templatetags.keeping import KeptNode
from xinshu.web.portal import views

TODAY = date(2026, 11, 22)


@dataclass(frozen=True)
class Words:
    title: str


def drawn(template: Template, **values) -> str:
    return template.render(Context(values))


def template(text: str) -> Template:
    return engines["django"].from_string("{% load keeping %}" + text).template


def test_a_part_is_rendered_once_for_each_set_of_values():
    part = template("{% kept on day words %}{{ day }} {{ words.title }} {{ count }}{% endkept %}")
    one, other = Words("甲"), Words("甲")
    assert drawn(part, day="1", words=one, count=1) == "1 甲 1"
    assert drawn(part, day="1", words=one, count=2) == "1 甲 1"  # kept: the count is not among the values
    assert drawn(part, day="2", words=one, count=3) == "2 甲 3"
    assert drawn(part, day="2", words=other, count=4) == "2 甲 4"  # another object, though it reads the same


def test_values_that_readers_choose_do_not_fill_the_memory():
    part = template("{% kept on value %}{{ value }}{% endkept %}")
    node = part.nodelist.get_nodes_by_type(KeptNode)[0]
    for number in range(1_000):
        assert drawn(part, value=f"<{number}>") == f"&lt;{number}&gt;"
    assert len(node._kept) <= 200


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("{% kept on a %}{% block main %}{% endblock %}{% endkept %}", id="a block another template fills"),
        pytest.param("{% kept on %}{% endkept %}", id="no values"),
        pytest.param("{% kept a %}{% endkept %}", id="without on"),
    ],
)
def test_a_part_that_could_show_the_wrong_words_is_refused(text):
    with pytest.raises(TemplateSyntaxError):
        template(text)


def test_pages_are_the_same_with_keeping_and_without(world, monkeypatch):
    world.register([world.registration(1)])
    monkeypatch.setattr(views, "today", lambda: TODAY)
    client = Client(headers={"host": "127.0.0.1"})
    code = world.company(1)
    addresses = ["/", "/search?q=纺织", f"/s/{code}", "/s/unknown", "/sgs", "/collection", "/services", "/news/none"]
    addresses += ["/services/repair", "/news", "/topics", "/about", "/sitemap", "/no/such-page"]
    addresses += reversed(addresses)  # each after different ones
    kept = [client.get(each).content.decode() for each in addresses]
    monkeypatch.setattr(KeptNode, "render", lambda node, context: node.nodelist.render(context))
    for address, text in zip(addresses, kept, strict=True):
        assert client.get(address).content.decode() == text, address


def test_the_head_of_a_page_has_the_day_of_the_request(database, monkeypatch):
    client = Client(headers={"host": "127.0.0.1"})
    for day, words in ((TODAY, "2026年11月22日 星期日"), (date(2026, 11, 23), "2026年11月23日 星期一")):
        monkeypatch.setattr(views, "today", lambda day=day: day)
        assert words in client.get("/sitemap").content.decode()
