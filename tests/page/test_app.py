"""What the page's server answers, to friends and to others; nothing is carried out here."""

import shutil
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote

import pytest
from rude import RUDE, jpeg
from starlette.testclient import TestClient

from artnb.errors import TooMuchError
from artnb.page.app import COOKIE, studio
from artnb.service.jobs import Jobs, State
from artnb.service.limits import Limits


class Idle:
    """An engine that never begins."""

    def __init__(self, jobs):
        self.jobs, self.courses, self.submitted = jobs, {}, []

    def submit(self, job):
        self.submitted.append(job.id)

    def cancel(self, job):
        return self.jobs.change(job.id, (State.QUEUED, State.RUNNING), state=State.CANCELLED)

    def retry(self, job):
        return self.jobs.change(job.id, (State.FAILED, State.CANCELLED), state=State.QUEUED)

    def remove(self, job):
        self.jobs.remove(job)

    def place(self, job):
        return 0

    def tend(self):
        self.jobs.clean()


@pytest.fixture(scope="module")
def serve(tmp_path_factory):
    opened = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARTNB_HOME", str(tmp_path_factory.mktemp("home")))

        def serve(**limits):
            jobs = Jobs(tmp_path_factory.mktemp("studio"), Limits(**limits))
            opened.append(jobs)
            return studio(jobs, Idle(jobs))

        yield serve
    for jobs in opened:
        jobs.close()


@pytest.fixture(scope="module")
def visit():
    """A visitor of a page that is served from now on: what looks into uploads starts anew with each."""
    with ExitStack() as stack:

        def visit(app):
            client = stack.enter_context(TestClient(app, base_url="http://127.0.0.1"))
            assert client.get("/").status_code == 200
            return client

        yield visit


@pytest.fixture(scope="module")
def served(serve, visit):
    return visit(serve())


@pytest.fixture
def client(served):
    """A new visitor, in an empty studio."""
    jobs = served.app.state.jobs
    for job in list(jobs.known.values()):
        jobs.remove(job)
    for user in jobs.users():
        shutil.rmtree(user)
    served.cookies.clear()
    served.get("/")
    return served


def left(client) -> list[Path]:
    """The files of all users."""
    return [path for user in client.app.state.jobs.users() for path in user.rglob("*") if path.is_file()]


def bring(client, data, name="x.jpg"):
    return client.post("/uploads", content=data, headers={"x-file-name": name})


def ask(client, **changes):
    upload = bring(client, jpeg()).json()["id"]
    return client.post(
        "/jobs", json={"kind": "style", "upload": upload, "options": {"style": "cat"}} | changes
    )


def test_a_picture_comes_in_and_a_job_of_it_is_taken(client):
    brought = bring(client, jpeg(), "M%C3%BCnchen%20%F0%9F%8E%A8.jpg")
    assert brought.status_code == 201
    upload = brought.json()
    assert (upload["name"], upload["medium"], upload["width"]) == ("München 🎨.jpg", "picture", 96)
    shown = client.get(f"/uploads/{upload['id']}/preview.png")
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/png")
    asked = client.post("/jobs", json={"kind": "style", "upload": upload["id"]})
    assert asked.status_code == 201
    [job] = client.get("/jobs").json()
    assert job == asked.json()
    assert (job["state"], job["name"], job["kind"]) == ("queued", "München 🎨.jpg", "style")


@pytest.mark.parametrize("what", RUDE)
def test_rude_uploads_are_refused_and_leave_nothing(client, what):
    name, data, says = RUDE[what]
    refused = bring(client, data, quote(name))
    assert refused.status_code == 422
    assert says in refused.json()["error"]
    assert str(client.app.state.jobs.root) not in refused.text
    assert left(client) == []


@pytest.mark.parametrize("announced", [True, False])
def test_too_large_an_upload_is_cut_off(serve, visit, announced):
    client = visit(serve(upload_bytes=100_000))
    read = 0

    def pieces():
        nonlocal read
        for _ in range(100):
            read += 10_000
            yield bytes(10_000)

    refused = bring(client, bytes(1_000_000) if announced else pieces())
    assert refused.status_code == 413
    assert "too large" in refused.json()["error"]
    assert left(client) == []


def test_nobody_sees_or_touches_what_is_another_s(client, visit):
    ana, ben = client, visit(client.app)
    upload = bring(ana, jpeg()).json()["id"]
    job = ana.post("/jobs", json={"kind": "style", "upload": upload}).json()["id"]
    assert ben.get("/jobs").json() == []
    for method, address in [
        ("GET", f"/uploads/{upload}/preview.png"), ("GET", f"/jobs/{job}/results/after.png"),
        ("POST", f"/jobs/{job}/cancel"), ("POST", f"/jobs/{job}/retry"), ("DELETE", f"/jobs/{job}"),
    ]:  # fmt: skip
        assert ben.request(method, address).status_code == 404, address
    assert ben.post("/jobs", json={"kind": "style", "upload": upload}).status_code == 404
    second = bring(ben, jpeg()).json()["id"]
    stolen = ben.post("/jobs", json={"kind": "style", "upload": second, "second": upload})
    assert stolen.status_code == 404
    assert [found["id"] for found in ana.get("/jobs").json()] == [job]


def test_a_stranger_without_a_cookie_gets_nothing(client):
    client.cookies.clear()
    assert bring(client, jpeg()).status_code == 403
    assert client.get("/jobs").status_code == 403
    for token in ("../" * 10 + "a", "a" * 31, "A" * 32, "é"):
        client.cookies.clear()
        answer = client.get("/jobs", headers={"cookie": f"{COOKIE}={token}".encode()})
        assert answer.status_code == 403


def test_the_cookie_is_hidden_from_scripts_and_other_sites_and_from_the_disk(client):
    client.cookies.clear()
    set_ = client.get("/").headers["set-cookie"]
    assert "HttpOnly" in set_
    assert "SameSite=strict" in set_
    token = client.cookies[COOKIE]
    bring(client, jpeg())
    assert left(client)
    assert not [path for path in left(client) if token in str(path)]
    assert "set-cookie" not in client.get("/").headers


def test_another_site_cannot_act_for_a_visitor(client):
    for origin in ("http://evil.example", "null", "http://127.0.0.1:9"):
        answer = client.post("/uploads", content=jpeg(), headers={"origin": origin})
        assert answer.status_code == 403, origin
    assert client.post("/uploads", content=jpeg(), headers={"origin": "http://127.0.0.1"}).status_code == 201


def test_it_answers_only_under_its_own_name(client):
    assert client.get("/", headers={"host": "evil.example"}).status_code == 400


def test_every_answer_forbids_what_the_page_does_not_need(client):
    for address in ("/", "/kinds", "/jobs", "/static/page.js", "/nowhere", f"/jobs/{'0' * 32}/results/a.png"):
        headers = client.get(address).headers
        policy = dict(
            part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";")
        )
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == "'self'"
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


def test_the_page_loads_nothing_from_elsewhere(client):
    texts = [client.get(a).text for a in ("/", "/static/page.js", "/static/page.css")]
    assert all("//" not in text.replace("http://www.w3.org", "").replace("// ", "") for text in texts)
    assert "<script>" not in texts[0]
    assert " style=" not in texts[0]


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"kind": "nothing"}, 422), ({"kind": "artistry"}, 422), ({"kind": ["style"]}, 422),
        ({"options": {"style": "../../etc/passwd"}}, 422), ({"options": {"size": 1}}, 422),
        ({"options": [1]}, 422), ({"options": {"style": "own"}}, 422), ({"upload": "../x"}, 404),
        ({"upload": None}, 404), ({"upload": "0" * 32}, 404), ({"second": "0" * 32}, 404),
    ],
)  # fmt: skip
def test_what_is_not_offered_is_not_taken(client, asked, status):
    answer = ask(client, **asked)
    assert answer.status_code == status
    assert answer.json()["error"]
    assert client.get("/jobs").json() == []


@pytest.mark.parametrize(
    ("body", "status"), [(b"", 400), (b"[1]", 400), (b"{", 400), (b"\xff", 400), (b"{" * 20_000, 413)]
)
def test_a_question_that_is_none(client, body, status):
    assert client.post("/jobs", content=body).status_code == status


def test_limits_of_rate_and_queue_are_said(serve, visit):
    app = serve(jobs_a_minute=3, of_user=2, uploads_a_minute=5)
    client = visit(app)
    assert [ask(client).status_code for _ in range(3)] == [201, 201, 429]
    said = ask(client)
    assert (said.status_code, "a minute" in said.json()["error"]) == (429, True)
    assert [bring(client, jpeg()).status_code for _ in range(2)] == [201, 429]
    assert ask(visit(app)).status_code == 201


def test_a_full_disk_is_said(client, monkeypatch):

    def full(_):
        raise TooMuchError("no room")

    monkeypatch.setattr(Jobs, "check_room", full)
    assert bring(client, jpeg()).status_code == 429


def test_jobs_are_cancelled_asked_for_again_and_removed(client):
    id = ask(client).json()["id"]
    assert client.post(f"/jobs/{id}/retry").status_code == 409
    assert client.post(f"/jobs/{id}/cancel").json()["state"] == "cancelled"
    assert client.post(f"/jobs/{id}/cancel").status_code == 409
    assert client.post(f"/jobs/{id}/retry").json()["state"] == "queued"
    assert client.delete(f"/jobs/{id}").status_code == 204
    assert client.delete(f"/jobs/{id}").status_code == 404
    assert client.get("/jobs").json() == []


def test_only_results_are_served_and_under_the_visitor_s_name(client):
    jobs = client.app.state.jobs
    id = ask(client).json()["id"]
    job = jobs.known[id]
    results = jobs.folder(job) / "results"
    results.mkdir()
    for name in ("before.png", "after.png", "results.json", "other.png"):
        (results / name).write_bytes(name.encode())
    panel = {"title": "", "before": "before.png", "after": "after.png"}
    known = {"panels": [panel], "film": "", "download": "after.png", "facts": [], "notice": ""}
    jobs.change(id, state=State.DONE, results=known)
    fetched = client.get(f"/jobs/{id}/results/after.png?download")
    assert fetched.content == b"after.png"
    assert fetched.headers["content-type"] == "image/png"
    assert 'attachment; filename="x-style.png"' in fetched.headers["content-disposition"]
    assert client.get(f"/jobs/{id}/results/before.png").status_code == 200
    for name in ("results.json", "other.png", "..%2Fjob.json", "%2e%2e/job.json", "..%2finput%2ffirst"):
        assert client.get(f"/jobs/{id}/results/{name}").status_code == 404, name


def test_previews_stay_when_names_are_odd(client):
    for name in ("%00", "%E2%80%AEgpj.exe", "a" * 3000, "<b>"):
        assert bring(client, jpeg(), name).status_code == 201
