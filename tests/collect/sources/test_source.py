import pytest
from canned import Canned

from artnb.collect.sources import SOURCES, Found
from artnb.collect.sources.source import allowed, licence_name, plain, whole_number
from artnb.errors import FetchError


@pytest.mark.parametrize(
    ("told", "name"),
    [
        (["https://creativecommons.org/publicdomain/zero/1.0/"], "CC0 1.0"),
        (["http://creativecommons.org/publicdomain/zero/1.0/deed.en"], "CC0 1.0"),
        (["CC0"], "CC0 1.0"),
        (["https://creativecommons.org/publicdomain/mark/1.0/"], "Public domain"),
        (["Public domain"], "Public domain"),
        (["pd"], "Public domain"),
        (["https://creativecommons.org/licenses/by-sa/4.0"], "CC BY-SA 4.0"),
        (["http://creativecommons.org/licenses/by-sa/3.0/de/deed.de"], "CC BY-SA 3.0 DE"),
        (["https://creativecommons.org/licenses/by/2.5/"], "CC BY 2.5"),
        (["CC BY-SA 3.0 igo"], "CC BY-SA 3.0 IGO"),
        (["cc-by-sa-2.0"], "CC BY-SA 2.0"),
        (["CC BY-NC-ND 4.0"], "CC BY-NC-ND 4.0"),
        ([None, "", "  CC&nbsp;BY \n 4.0"], "CC BY 4.0"),
        (["https://www.gnu.org/copyleft/fdl.html", "GFDL"], "GFDL"),
        (["https://commons.wikimedia.org/wiki/Template:X", "Public domain"], "Public domain"),
        (["http://rightsstatements.org/vocab/InC/1.0/"], "http://rightsstatements.org/vocab/InC/1.0/"),
        (["Copyrighted"], "Copyrighted"),
        ([], ""),
        ([None, ""], ""),
    ],
)
def test_licences_have_one_name_however_they_are_told(told, name):
    assert licence_name(*told) == name


def test_a_licence_is_allowed_by_its_name_or_its_kind():
    assert allowed("CC BY 4.0", ["CC0", "CC BY"])
    assert allowed("CC0 1.0", ["CC0"])
    assert allowed("Public domain", ["Public domain"])
    assert not allowed("CC BY-SA 4.0", ["CC BY"])
    assert not allowed("CC BY-NC 4.0", ["CC BY"])
    assert not allowed("CC BY 4.0", ["CC BY 3.0"])
    assert not allowed("", ["CC0", "Public domain"])


def test_html_becomes_plain_text():
    assert (
        plain("<p>View of <em>Schroon</em>,<br/>New&nbsp;York &amp; more</p>")
        == "View of Schroon, New York & more"
    )
    assert plain("<style>a { b }</style><div>Ana</div><div>Bo</div><!-- x -->") == "Ana Bo"
    assert plain("1 < 2 and 3 > 2") == "1 < 2 and 3 > 2"
    assert plain(None) == plain("") == ""
    assert plain(12) == "12"


def test_numbers_may_be_texts():
    assert [whole_number(text) for text in (12, "12", " 1,234 ", "12.0")] == [12, 12, 1234, 12]
    assert [whole_number(text) for text in (None, "", "unknown", "-3", True)] == [None] * 5


@pytest.mark.parametrize("name", SOURCES)
def test_every_source_names_its_hosts_and_paces(name):
    source = SOURCES[name]()
    assert source.name == name
    assert source.api.startswith("https://")
    assert all(0 < pace <= 3 for pace in source.paces.values())
    assert source.documented[0] == source.api
    assert set(source.required) <= set(source.parameters)
    thousand = source.seconds(1000)
    assert thousand == pytest.approx(1000 * source.seconds(1))
    assert 5 * 60 < thousand < 2 * 60 * 60
    here = SOURCES[name]("http://127.0.0.1:8000/museum/")
    assert here.api == "http://127.0.0.1:8000/museum"
    assert here.paces["127.0.0.1:8000"] >= 1000
    assert here.seconds(1000) < 10
    assert SOURCES[name]("https://mirror.example/api").paces["mirror.example"] == source.pace


@pytest.mark.parametrize("answer", [{}, {"message": "moved"}, 7, "text", None, {"data": 3, "total": "x"}])
@pytest.mark.parametrize("name", SOURCES)
def test_an_answer_of_another_form_never_crashes(name, answer):
    source = SOURCES[name]()

    class Same:
        def json(self, url, params=None, headers=None):
            return answer

    def outcome(action):
        try:
            return action()
        except FetchError as error:
            return str(error).split(":")[0]

    query = {"q": "x", "category": "x"}
    confused = f"{source.title} answers in another form than documented"
    assert outcome(lambda: source.count(Same(), query)) in (0, confused)
    assert outcome(lambda: list(source.search(Same(), query))) in ([], confused)
    with pytest.raises(FetchError):
        source.resolve(Same(), Found("1", {}))


@pytest.mark.parametrize("name", SOURCES)
def test_what_the_client_refuses_passes_through(name):
    with pytest.raises(FetchError, match="404"):
        list(SOURCES[name]().search(Canned({}), {"q": "x", "category": "x"}))
