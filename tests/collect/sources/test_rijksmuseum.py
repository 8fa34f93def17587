import pytest
from canned import Canned

from artnb.collect.sources import Found
from artnb.collect.sources.rijksmuseum import Rijksmuseum
from artnb.errors import FetchError

API = "https://data.rijksmuseum.nl"
SEARCH = f"{API}/search/collection"
AAT = "http://vocab.getty.edu/aat/"
MARK = "https://creativecommons.org/publicdomain/mark/1.0/"
OBJECT = {
    "@context": "https://linked.art/ns/v1/linked-art.json",
    "id": "https://id.rijksmuseum.nl/200107928",
    "type": "HumanMadeObject",
    "identified_by": [
        {"type": "Identifier", "content": "SK-C-5", "classified_as": [{"id": f"{AAT}300312355"}]},
        {"type": "Name", "content": "De Nachtwacht", "language": [{"id": f"{AAT}300388256"}]},
        {"type": "Name", "content": "The Night Watch", "language": [{"id": f"{AAT}300388277"}]},
    ],
    "produced_by": {
        "part": [
            {
                "carried_out_by": [
                    {
                        "notation": [
                            {"@language": "nl", "@value": "Rembrandt van Rijn (nl)"},
                            {"@language": "en", "@value": "Rembrandt van Rijn"},
                        ]
                    }
                ]
            }
        ]
    },
    "referred_to_by": [
        {
            "content": "On loan from the City of Amsterdam",
            "classified_as": [{"id": f"{AAT}300435418"}],
            "language": [{"id": f"{AAT}300388277"}],
        }
    ],
    "shows": [{"id": "https://id.rijksmuseum.nl/202107928", "type": "VisualItem"}],
    "subject_of": [
        {"subject_to": [{"classified_as": [{"id": "https://creativecommons.org/publicdomain/zero/1.0/"}]}]}
    ],
}
VISUAL = {
    "id": "https://id.rijksmuseum.nl/202107928",
    "type": "VisualItem",
    "digitally_shown_by": [{"id": "https://id.rijksmuseum.nl/5006", "type": "DigitalObject"}],
    "subject_to": [{"type": "Right", "classified_as": [{"id": MARK}]}],
}
DIGITAL = {
    "id": "https://id.rijksmuseum.nl/5006",
    "type": "DigitalObject",
    "access_point": [{"id": "https://iiif.micr.io/PJEZO/full/max/0/default.jpg", "type": "DigitalObject"}],
}


def resolved(object=OBJECT, visual=VISUAL, digital=DIGITAL):
    client = Canned({f"{API}/200107928": object, f"{API}/202107928": visual, f"{API}/5006": digital})
    work = Rijksmuseum().resolve(client, Found("200107928", {}))
    assert all(headers == {"Accept": "application/ld+json"} for headers in client.headers)
    return work


def test_from_object_to_visual_item_to_image():
    work = resolved()
    assert (work.source, work.id, work.title) == ("rijksmuseum", "200107928", "The Night Watch")
    assert (work.creator, work.licence) == ("Rembrandt van Rijn", "Public domain")
    assert work.credit == "On loan from the City of Amsterdam"
    assert work.source_url == "https://id.rijksmuseum.nl/200107928"
    assert work.image_url == "https://iiif.micr.io/PJEZO/full/!1024,1024/0/default.jpg"


def test_the_rights_of_the_record_are_not_those_of_the_image():
    assert resolved(visual=VISUAL | {"subject_to": []}).licence == ""
    in_copyright = {"classified_as": {"id": "http://rightsstatements.org/vocab/InC/1.0/"}}
    assert "InC" in resolved(visual=VISUAL | {"subject_to": in_copyright}).licence


@pytest.mark.parametrize(
    ("production", "creator"),
    [
        ({"part": [{"carried_out_by": {"notation": {"@language": "nl", "@value": "anoniem"}}}]}, "anoniem"),
        (
            {
                "part": [{"assigned_by": [{"assigned_property": "carried_out_by"}]}],
                "referred_to_by": [
                    {
                        "content": "painter: Karel Appel (signed by artist)",
                        "classified_as": [{"id": f"{AAT}300435416"}],
                    }
                ],
            },
            "Karel Appel",
        ),
        (
            {"referred_to_by": [{"content": "attributed to Rembrandt van Rijn"}]},
            "attributed to Rembrandt van Rijn",
        ),
        ({}, ""),
        (None, ""),
    ],
)
def test_a_maker_is_named_in_several_ways(production, creator):
    assert resolved(OBJECT | {"produced_by": production}).creator == creator


def test_a_list_of_one_may_come_as_the_one():
    alone = {"id": "https://iiif.micr.io/PJEZO/full/max/0/default.jpg"}
    assert "PJEZO" in resolved(digital=DIGITAL | {"access_point": alone}).image_url
    dutch = {"type": "Name", "content": "De Nachtwacht"}
    assert resolved(OBJECT | {"identified_by": dutch}).title == "De Nachtwacht"


@pytest.mark.parametrize(
    ("object", "visual", "digital"),
    [
        ({**OBJECT, "shows": []}, VISUAL, DIGITAL),
        (OBJECT, {key: VISUAL[key] for key in ("id", "type")}, DIGITAL),
        (OBJECT, VISUAL, {**DIGITAL, "access_point": None}),
    ],
)
def test_an_object_without_image(object, visual, digital):
    with pytest.raises(FetchError, match="no image"):
        resolved(object, visual, digital)


def test_a_search_follows_next_and_keeps_the_numbers():
    def items(*numbers):
        return [{"id": f"https://id.rijksmuseum.nl/{n}", "type": "HumanMadeObject"} for n in numbers]

    following = f"{SEARCH}?type=painting&imageAvailable=true&pageToken=eyJ0b2tlbiI6ICJo"
    client = Canned(
        {
            following: {"type": "OrderedCollectionPage", "orderedItems": items(3)},
            SEARCH: {
                "type": "OrderedCollectionPage",
                "partOf": {"type": "OrderedCollection", "totalItems": 3},
                "next": {"id": following, "type": "OrderedCollectionPage"},
                "orderedItems": items(1, 2),
            },
        }
    )
    assert Rijksmuseum().count(client, {"type": "painting"}) == 3
    assert [one.id for one in Rijksmuseum().search(client, {"type": "painting"})] == ["1", "2", "3"]
    assert dict(client.asked[0].params) == {"type": "painting", "imageAvailable": "true"}


def test_a_search_that_finds_nothing():
    nothing = {SEARCH: {"partOf": {"totalItems": 0}, "orderedItems": []}}
    assert Rijksmuseum().count(Canned(nothing), {"creator": "zzz"}) == 0
    assert list(Rijksmuseum().search(Canned(nothing), {"creator": "zzz"})) == []


def test_a_search_that_leads_to_itself_ends():
    circle = {"partOf": {"totalItems": 1}, "next": {"id": SEARCH}, "orderedItems": [{"id": "x/1"}]}
    assert len(list(Rijksmuseum().search(Canned({SEARCH: circle}), {}))) == 100
