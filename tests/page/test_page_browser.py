"""The studio as its visitors meet it: in Chromium, with the files that they bring, to the end."""

import io
import shutil
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image
from rude import RUDE, jpeg, mp4
from studio_home import furnish
from studio_site import SECONDS, free_port, served

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
    "--disable-component-update", "--no-first-run",
)  # fmt: skip
chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.skipif(chromium is None, reason="no chromium on this machine")


@pytest.fixture(scope="module")
def home(tmp_path_factory, run):
    return furnish(tmp_path_factory.mktemp("home"), run)


@pytest.fixture(scope="module")
def address(home):
    port = free_port()
    with served(home, port):
        yield f"http://127.0.0.1:{port}/"


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def visit(browser, address):
    """A new visitor; whatever the page asks of another place, or finds wrong with itself, fails the test."""
    contexts, wrong = [], []

    def visit(width=1200, **options):
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(SECONDS * 1000)
        page.on("request", lambda asked: asked.url.startswith((address, "blob:")) or wrong.append(asked.url))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on(
            "console",
            lambda said: said.type == "error" and "422" not in said.text and wrong.append(said.text),
        )
        page.goto(address)
        page.locator("#list input").first.wait_for(state="attached")
        return page

    yield visit
    for context in contexts:
        context.close()
    assert wrong == []


def bring(page, name, data):
    page.get_by_label("Choose a picture or a film").set_input_files(
        {"name": name, "mimeType": "image/jpeg", "buffer": data}
    )


def brought(page, name, data):
    bring(page, name, data)
    page.locator("#brought figcaption", has_text=name).wait_for()


def choose(page, title):
    page.get_by_role("radio", name=title).check()


def begin(page):
    before = page.locator("#jobs > li").count()
    page.get_by_role("button", name="Begin").click()
    sync_api.expect(page.locator("#jobs > li")).to_have_count(before + 1, timeout=SECONDS * 1000)
    return page.locator("#jobs > li").first


def done(card):
    card.locator(".word", has_text="done").wait_for()
    return card


def test_a_picture_from_upload_to_download(visit):
    page = visit()
    assert page.get_by_role("button", name="Begin").is_disabled()
    assert page.locator("#none").is_visible()
    brought(page, "harbour.jpg", jpeg(3))
    choose(page, "Artistry")
    page.locator("#choices").get_by_label("The picture is of").select_option(label="garden, multi-2")
    card = done(begin(page))
    assert card.locator("h3").inner_text() == "Artistry: harbour.jpg"
    assert {"artistic", "non-artistic"} == set(card.locator("dt").all_inner_texts())
    compare = card.locator(".compare").first
    assert compare.locator("img").evaluate_all("all => all.every(i => i.complete && i.naturalWidth == 512)")
    with page.expect_download() as fetched:
        card.get_by_role("link", name="Download").click()
    assert fetched.value.suggested_filename == "harbour-artistry.png"
    assert Image.open(fetched.value.path()).size == (512, 512)

    # another kind, of the same upload
    choose(page, "Style in one pass")
    second = done(begin(page))
    assert second.locator("h3").inner_text() == "Style in one pass: harbour.jpg"
    assert page.locator("#jobs > li").count() == 2
    second.get_by_role("button", name="Remove").click()
    sync_api.expect(page.locator("#jobs > li")).to_have_count(1)


def test_the_slider_shows_more_of_one_or_of_the_other_by_the_keyboard(visit):
    page = visit()
    brought(page, "a.jpg", jpeg(3))
    choose(page, "Style in one pass")
    card = done(begin(page))
    slider = card.get_by_role("slider")
    slider.focus()
    shots = {}
    for key, value in (("Home", "0"), ("End", "100")):
        page.keyboard.press(key)
        assert slider.input_value() == value
        box = card.locator(".compare").bounding_box()
        inside = {
            "x": box["x"] + 20,
            "y": box["y"] + 20,
            "width": box["width"] - 40,
            "height": box["height"] / 4,
        }
        shots[key] = np.asarray(
            Image.open(io.BytesIO(page.screenshot(clip=inside))).convert("L"), float
        ).mean()
    assert shots["Home"] > shots["End"] + 10  # at the left end all is after, which is lighter
    page.keyboard.press("ArrowLeft")
    assert slider.input_value() == "99"


def test_a_film_from_upload_to_download(visit, tmp_path):
    page = visit()
    brought(page, "walk.mp4", mp4(tmp_path / "a.mp4", 60, (160, 120), sound=True))
    assert page.get_by_role("radio", name="Artistry").is_disabled()
    choose(page, "Style in one pass")
    card = done(begin(page))
    video = card.locator("video")
    assert video.get_attribute("controls") is not None
    assert video.evaluate("v => v.readyState || new Promise(done => v.onloadedmetadata = () => done(true))")
    assert video.evaluate("v => [v.videoWidth, v.videoHeight, v.duration]") == [
        160,
        120,
        pytest.approx(2.4, abs=0.1),
    ]
    assert video.evaluate("v => v.play().then(() => new Promise(done => v.ontimeupdate = () => done(true)))")
    with page.expect_download() as fetched:
        card.get_by_role("link", name="Download").click()
    assert fetched.value.suggested_filename == "walk-network-style.mp4"
    with av.open(str(fetched.value.path())) as container:
        assert sum(1 for _ in container.decode(video=0)) == 60


def test_everything_by_the_keyboard(visit):
    page = visit()
    brought(page, "a.jpg", jpeg(4))
    page.get_by_label("Choose a picture or a film").focus()
    reached = []
    for _ in range(12):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.name"))
        if reached[-1] == "begin":
            break
    assert reached[0] == "kind"
    assert reached[-1] == "begin"
    page.get_by_role("radio", name="Artistry").focus()
    for _ in range(4):
        if page.get_by_role("radio", name="Style in one pass").is_checked():
            break
        page.keyboard.press("ArrowDown")
    page.get_by_role("button", name="Begin").focus()
    page.keyboard.press("Enter")
    card = done(page.locator("#jobs > li").first)
    card.get_by_role("button", name="Remove").focus()
    page.keyboard.press("Space")
    page.locator("#none").wait_for()


def test_a_style_of_one_s_own_waits_for_its_picture_and_can_be_cancelled(visit):
    page = visit()
    brought(page, "a.jpg", jpeg(5))
    choose(page, "Style transfer")
    page.locator("#choices").get_by_label("In the manner of").select_option("own")
    assert page.get_by_role("button", name="Begin").is_disabled()
    page.locator("#choices").get_by_label("My own:").set_input_files(
        {"name": "b.jpg", "mimeType": "", "buffer": jpeg(6)}
    )
    sync_api.expect(page.get_by_role("button", name="Begin")).to_be_enabled()
    card = begin(page)
    card.locator(".word", has_text="running").wait_for()
    card.locator("progress").wait_for()
    card.get_by_role("button", name="Cancel").click()
    card.locator(".word", has_text="cancelled").wait_for()
    assert card.get_by_role("button", name="Try again").is_visible()


@pytest.mark.parametrize("what", RUDE)
def test_a_rude_upload_is_refused_in_words(visit, what):
    name, data, says = RUDE[what]
    page = visit()
    bring(page, name, data)
    alarm = page.get_by_role("alert")
    alarm.wait_for()
    assert says in alarm.inner_text()
    assert page.locator("#error *").count() == 0  # a name is text, whatever it looks like
    assert page.get_by_role("button", name="Begin").is_disabled()
    brought(page, "good.jpg", jpeg())
    assert alarm.is_hidden()


def test_a_file_that_is_too_large_is_refused_before_it_is_sent(visit, tmp_path):
    large = tmp_path / "large.mp4"
    with large.open("wb") as file:
        file.truncate(65 * 2**20)
    page = visit()
    page.get_by_label("Choose a picture or a film").set_input_files(large)
    page.get_by_role("alert").wait_for()
    assert "at most 64 MB" in page.get_by_role("alert").inner_text()


def test_60_MB_come_in(visit, tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (4472, 4472, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "large.bmp")
    assert 59e6 < (tmp_path / "large.bmp").stat().st_size < 64 * 2**20
    page = visit()
    page.get_by_label("Choose a picture or a film").set_input_files(tmp_path / "large.bmp")
    page.locator("#brought figcaption", has_text="4472 × 4472").wait_for()


@pytest.mark.slow
def test_visitors_do_not_see_each_other_s_work(visit):
    ana, ben = visit(), visit()
    brought(ana, "secret.jpg", jpeg(7))
    choose(ana, "Style in one pass")
    done(begin(ana))
    ben.reload()
    ben.locator("#list input").first.wait_for(state="attached")
    assert ben.locator("#none").is_visible()
    source = ana.locator(".compare img").first.get_attribute("src")
    assert ana.request.get(f"{ana.url.rstrip('/')}{source}").status == 200
    assert ben.request.get(f"{ben.url.rstrip('/')}{source}").status == 404


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone(visit, scheme):
    page = visit(360, color_scheme=scheme)
    brought(page, f"{'a-long-name-' * 6}.jpg", jpeg(8))
    choose(page, "Artistry")
    done(begin(page))
    wide = page.evaluate(
        "[...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > 361 && "
        "!e.closest('.compare')).map(e => e.tagName + '.' + e.className)"
    )
    assert wide == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)"
    assert dark == (scheme == "dark")


def test_every_control_has_a_name_and_words_can_be_read(visit):
    page = visit()
    brought(page, "a.jpg", jpeg(9))
    choose(page, "Style in one pass")
    done(begin(page))
    nameless = page.evaluate(
        """[...document.querySelectorAll('input, select, button, a, progress, img, video')].filter(e =>
        e.checkVisibility() && !(e.labels?.length || e.ariaLabel || e.textContent.trim() || e.alt)).length"""
    )
    assert nameless == 0
    assert "done" in page.locator("#say").inner_text()


@pytest.mark.slow
def test_jobs_outlive_a_kill_of_the_page(browser, tmp_path, home):
    mine, port = Path(tmp_path), free_port()
    shutil.copytree(home / "data" / "styles", mine / "data" / "styles")
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(SECONDS * 1000)
    with served(mine, port) as process:
        page.goto(f"http://127.0.0.1:{port}/")
        brought(page, "walk.mp4", mp4(tmp_path / "a.mp4", 300, (320, 240)))
        choose(page, "Style in one pass")
        card = begin(page)
        card.locator(".state", has_text="left").wait_for()
        process.kill()
        page.locator("#error", has_text="does not answer").wait_for()
    with served(mine, port):
        page.locator("#error").wait_for(state="hidden")
        card.locator(".word", has_text="running").wait_for()
        card.get_by_role("button", name="Cancel").click()
        card.locator(".word", has_text="cancelled").wait_for()
    context.close()
