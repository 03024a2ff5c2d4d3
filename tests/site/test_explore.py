"""The page of `ms-dnn explore` in a browser: its arithmetic, its witnesses, what a reader does with it."""

import json
import re
from pathlib import Path
from urllib.parse import urlparse
from urllib.request import url2pathname

import numpy as np
import pytest
from playwright.sync_api import expect
from test_pages import NARROW, PATIENCE, opened, violations

from ms_dnn.explore.routes import gradients_of
from ms_dnn.explore.subject import subject_of
from ms_dnn.explore.writing import explore_html, script
from ms_dnn.gradients import blog, reference
from ms_dnn.runtime.device import use_device

ACTIVATIONS = [name for name in reference.ACTIVATIONS if name not in ("sign", "softmax")]
OUTPUTS = {"binary_cross_entropy": "sigmoid", "squared_error": None}
"""What a loss wants of the last layer: identity unless it is named here, anything for None."""
ARITHMETIC = ("numbers", "complex", "arithmetic", "mathml", "faults")
PRECISE = 1e-12

pytestmark = pytest.mark.usefixtures("browser")


def random_network(random, number):
    """Return a network with inputs and targets as lists, every activation and loss in turn."""
    losses, names = list(reference.LOSSES), [*ACTIVATIONS, "softmax"]
    loss = losses[number % len(losses)]
    sizes = random.integers(1, 5, random.integers(2, 5)).tolist()
    sizes[-1] = max(sizes[-1], 2 if loss == "softmax_cross_entropy" else 1)
    activations = [names[(number + level) % len(names)] for level in range(len(sizes) - 1)]
    activations[-1] = OUTPUTS.get(loss, "identity") or activations[-1]
    y = random.integers(0, 2, (3, sizes[-1])).astype(float)
    if loss in ("hinge", "perceptron"):
        y = 2 * y - 1
    if loss == "softmax_cross_entropy":
        y = np.eye(sizes[-1])[random.integers(0, sizes[-1], 3)]
    pairs = list(zip(sizes[1:], sizes[:-1], strict=True))
    return {
        "activations": activations,
        "weights": [random.normal(0, 1.5, shape).tolist() for shape in pairs],
        "biases": [random.normal(0, 1, units).tolist() for units, _ in pairs],
        "loss": loss,
        "reduction": ("mean", "sum")[number % 2],
        "x": random.normal(0, 1.5, (3, sizes[0])).tolist(),
        "y": y.tolist(),
    }


COMPUTE = """
const layersOf = (network) => network.weights.map((W, i) => ({
    inputs: W[0].length, units: W.length, activation: network.activations[i],
    W: Float64Array.from(W.flat()), b: Float64Array.from(network.biases[i]),
}));
window.compute = (network) => {
    const layers = layersOf(network), samples = network.x.map((x, n) => (
        { x: Float64Array.from(x), y: Float64Array.from(network.y[n]), weight: 1 }));
    const setting = { loss: network.loss, reduction: network.reduction, l1: 0.01, l2: 0.1, penalizeBiases: true };
    const { cost, gradients } = differentiate(layers, setting, samples);
    const steps = placesOf(layers, 1e9).map((place) => complexStep(layers, setting, samples, place, FORMULAS));
    const verdicts = examine(layers, setting, samples, { id: "none", level: 0 }, null);
    return {
        cost, steps, values: samples.map(({ x }) => forward(layers, x).slice(1).map(({ z, a }) => [[...z], [...a]])),
        gradients: gradients.map(({ dW, db }) => [[...dW], [...db]]),
        accused: verdicts.filter(({ notices }) => notices).map(({ witness, worst }) => [witness, worst.relative]),
    };
};
"""


@pytest.fixture(scope="module")
def arithmetic(browser):
    page = browser.new_page()
    page.set_content(f'<script type="module">{script(ARITHMETIC)}{COMPUTE}</script>')
    page.wait_for_function("() => window.compute !== undefined")
    yield page
    page.close()


def difference(found, expected):
    found, expected = np.ravel(found), np.ravel(expected)
    return np.abs(found - expected).max() / max(np.abs(expected).max(), 1e-12)


def test_the_arithmetic_is_that_of_the_blog(arithmetic):
    random = np.random.default_rng(20)
    networks = [random_network(random, number) for number in range(180)]
    answers = arithmetic.evaluate("networks => networks.map(window.compute)", networks)
    penalty = reference.ReferencePenalty(0.01, 0.1, biases=True)
    for network, answer in zip(networks, answers, strict=True):
        plain = [network[name] for name in ("weights", "biases", "activations")]
        settings = network["loss"], network["reduction"], np.array(network["x"]), np.array(network["y"])
        for x, values in zip(settings[2], answer["values"], strict=True):
            for layer, (z, a) in zip(blog.matrix_forward(*plain, x), values, strict=True):
                assert difference(z, layer.z) < PRECISE
                assert difference(a, layer.a) < PRECISE
        assert difference(answer["cost"], reference.cost(*plain, *settings, penalty)) < PRECISE
        by_blog = blog.looped_gradients(*plain, *settings)
        by_step = reference.complex_step_gradient(*plain, *settings, penalty)
        flat = []
        for (dW, db), found, w, b in zip(by_blog, answer["gradients"], *plain[:2], strict=True):
            expected = dW + penalty.slopes(np.array(w), bias=False), db + penalty.slopes(np.array(b), bias=True)
            assert difference(found[0], expected[0]) < PRECISE, network
            assert difference(found[1], expected[1]) < PRECISE, network
        for dW, db in by_step:
            flat += [*np.ravel(dW), *db]
        assert difference(answer["steps"], flat) < PRECISE, network
        assert answer["accused"] == [], network


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Addresses of three pages: the pencil network, a plane of two features, the digits."""
    folder, device = tmp_path_factory.mktemp("explore"), use_device("CPU")
    table = folder / "plane.csv"
    random = np.random.default_rng(0)
    points = random.normal(0, 1, (60, 2))
    rows = [f"{p:.4f},{q:.4f},{'in' if p * p + q * q < 1 else 'out'}" for p, q in points]
    table.write_text("\n".join(["width,height,place", *rows]))
    plane = ["data={set: csv, file: " + str(table) + ", target: place}", "network.layers.0.units=4"]
    found = {}
    for name, source, overrides in (("pencil", None, []), ("plane", "shallow", plane), ("digits", "digits", [])):
        overrides += ["network.layers.1.units=2"] if name == "plane" else []
        subject = subject_of(source, overrides, device.name, None)
        (folder / f"{name}.html").write_text(explore_html(subject, gradients_of(subject)), encoding="utf-8")
        found[name] = (folder / f"{name}.html").as_uri()
    return found


def ready(browser, address, **options):
    page = opened(browser, address, **options)
    page.wait_for_selector("html[data-ready]")
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return page


def settled(page):
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


@pytest.mark.parametrize(
    ("name", "scheme", "language"),
    [
        *(("pencil", scheme, language) for scheme in ("light", "dark") for language in ("en", "zh-CN")),
        *((name, *choice) for name in ("plane", "digits") for choice in (("light", "zh-CN"), ("dark", "en"))),
    ],
)
def test_the_page_is_accessible_and_fits(browser, pages, name, scheme, language):
    page = ready(browser, f"{pages[name]}#language={language}&step=3&fault=deadUnit.0", scheme=scheme)
    page.click("#tables-box summary")
    settled(page)
    assert page.evaluate("document.documentElement.lang") == language
    assert violations(page) == []
    page.set_viewport_size(NARROW)
    settled(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    assert page.said == []
    page.close()


def test_nothing_moves_for_readers_who_want_less_motion(browser, pages):
    page = browser.new_page(reduced_motion="reduce")
    page.goto(pages["pencil"])
    moving = (
        "one => getComputedStyle(one).transitionDuration !== '0s' || getComputedStyle(one).animationName !== 'none'"
    )
    assert page.evaluate(f"[...document.querySelectorAll('*')].filter({moving}).length") == 0
    page.close()


@pytest.mark.parametrize("name", ["pencil", "plane", "digits"])
def test_the_page_agrees_with_the_gradients_of_the_file(browser, pages, name):
    page = ready(browser, pages[name])
    sentence = page.locator("#about li").nth(1).inner_text()
    sizes = [float(text.replace("−", "-")) for text in re.findall(r"\d\.\de−\d+|\b0\b", sentence)]
    assert len(sizes) == 2, sentence
    assert max(sizes) < PRECISE
    page.close()


def test_the_page_of_the_digits_is_below_a_megabyte(pages):
    assert len(Path(url2pathname(urlparse(pages["digits"]).path)).read_bytes()) < 1_000_000


def test_a_pencil_step_is_what_paper_says(browser, pages):
    page = ready(browser, pages["pencil"])
    assert page.inner_text("#now") == "Layer 1: the weighted sum"
    assert page.inner_text("#numbers-in").strip() == "0.2 · 1 + (−0.3) · 3 + 0.1 = −0.6"
    assert page.locator("#formulas math").count() == 1
    assert "ms_dnn/maths/affine.py:" in page.inner_text("#code")
    while "Update" not in page.inner_text("#phases [aria-current]"):
        page.click("#step")
        settled(page)
    page.click("#step")
    settled(page)
    assert "update 1" in page.inner_text("#position")
    page.select_option("#stride", "update")
    page.click("#back")
    settled(page)
    assert "update 0" in page.inner_text("#position")
    assert page.said == []
    page.close()


def test_a_link_that_is_pointed_at_has_its_numbers_and_is_changed_after_a_click(browser, pages):
    page = ready(browser, pages["pencil"])
    links = page.locator("#network .target")
    texts = set()
    for number in range(links.count()):
        links.nth(number).dispatch_event("pointerenter")
        texts.add(page.inner_text("#network-caption"))
    assert "Link from x2 to unit 1 of layer 1: w = −0.3, a = 3, δ = −0.4008, ∂J/∂w = −1.202" in texts
    assert len(texts) == 6
    last = links.nth(links.count() - 1)
    last.dispatch_event("click")
    settled(page)
    assert page.locator("#network .edge.chosen").count() == 1
    page.fill("#weight", "0.75")
    page.press("#weight", "Enter")
    settled(page)
    assert "0.75" in page.locator("#network text.value").all_text_contents()
    page.close()


def test_the_witnesses_say_who_notices(browser, pages):
    page = ready(browser, pages["pencil"])

    def noticing(fault):
        page.select_option("#fault", fault)
        settled(page)
        rows = page.locator("#witnesses tbody tr").all()
        return [row.locator("td").first.get_attribute("class") for row in rows]

    silent, told = "agrees", "notices"
    assert noticing("none") == [silent] * 4
    assert noticing("noSlope") == [told] * 4
    assert noticing("doubledLoss") == [silent, silent, told, told]
    assert noticing("doubledBoth") == [told, told, silent, silent]
    assert noticing("tiny") == [told, told, silent, told]
    assert noticing("uphill") == [silent] * 4
    page.fill("#weight", "0.25")
    page.press("#weight", "Enter")
    settled(page)
    assert noticing("noSlope") == [told, "unsure", told, told]
    page.close()


def test_the_address_brings_the_state_back(browser, pages):
    page = ready(browser, pages["plane"])
    page.select_option("#dataset", "xor")
    for name, value in (("rate", "0.3"), ("noise", "0.2"), ("l2", "0.01"), ("hidden", "3, 2"), ("batch", "20")):
        page.fill(f"#{name}", value)
        page.press(f"#{name}", "Enter")
    page.select_option("#stride", "epoch")
    for _ in range(3):
        page.click("#step")
    page.click("#copy")
    settled(page)
    link, cost = page.input_value("#link"), page.inner_text("#cost-now")
    again = ready(browser, link)
    assert again.inner_text("#cost-now") == cost
    assert again.input_value("#hidden") == "3, 2"
    assert again.inner_text("#position") == page.inner_text("#position")
    assert (page.said, again.said) == ([], [])
    page.close()
    again.close()


@pytest.mark.parametrize(
    "text", ["step=99&rate=NaN&data=moon", "weights=AAAA&at=9.9.9&sample=-1", "%%%&&=&updates=1e99"]
)
def test_an_address_that_says_nonsense_does_no_harm(browser, pages, text):
    page = ready(browser, f"{pages['plane']}#{text}")
    assert page.inner_text("#position").startswith("Step ")
    assert page.said == []
    page.close()


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("a,b,c\n1,2,yes\n2,x,no\n", "Row 3 has “x” among its features"),
        ("1,2,3,4\n1,2,3,4\n", "Row 1 has 4 columns, expected 3"),
        ("1,2,a\n1,2,a\n", "The last column has 1 classes"),
        ("a,b,c", "Got 1 lines"),
        ("w;h;c\n1;2;yes\n2;3;no\n3;1;yes\n", None),
    ],
)
def test_a_table_of_the_reader_is_read_or_told_of(browser, pages, table, words, tmp_path):
    page = ready(browser, pages["plane"])
    (tmp_path / "own.csv").write_text(table)
    page.set_input_files("#csv", tmp_path / "own.csv")
    if words is None:
        expect(page.locator("#csv-read")).to_contain_text("3 samples", timeout=PATIENCE)
        expect(page.locator("#dataset")).to_have_value("csv", timeout=PATIENCE)
    else:
        expect(page.locator("#wrong")).to_contain_text(words, timeout=PATIENCE)
    assert page.said == []
    page.close()


def test_a_wrong_number_is_told_of_and_taken_back(browser, pages):
    page = ready(browser, pages["pencil"])
    page.fill("#rate", "fast")
    page.press("#rate", "Enter")
    assert "Learning rate r: got “fast”, expected a number from 1e−9 to 1000" in page.inner_text("#wrong")
    assert page.input_value("#rate") == "1"
    page.close()


def test_the_keyboard_steps_and_play_stops(browser, pages):
    page = ready(browser, pages["pencil"])
    page.focus("#network-frame")
    page.keyboard.press("ArrowRight")
    settled(page)
    assert page.inner_text("#position").startswith("Step 2 ")
    page.keyboard.press("ArrowLeft")
    settled(page)
    assert page.inner_text("#position").startswith("Step 1 ")
    page.select_option("#stride", "update")
    page.click("#play")
    expect(page.locator("#position")).to_contain_text(re.compile("update ([5-9]|..)"), timeout=PATIENCE)
    page.click("#play")
    assert page.get_attribute("#play", "aria-pressed") == "false"
    page.close()


EDITS = """
async ([number, seed]) => {
    let state = seed;
    const random = () => (state = (state * 48271) % 2147483647) / 2147483647;
    const pick = (list) => list[Math.floor(random() * list.length)];
    const fields = ["weight", "bias", "rate", "batch", "l1", "l2", "noise", "seed", "hidden"];
    const numbers = ["0", "1", "-3", "1e6", "-1e6", "0.01", "1000", "1e-9", "x", "", "7", "0.5"];
    const wrong = [];
    for (let i = 0; i < number; i++) {
        const kind = random();
        if (kind < 0.35) {
            const field = document.getElementById(pick(fields));
            field.value = field.id === "hidden" ? pick(["4", "4, 3", "", "16 16", "0", "2"]) : pick(numbers);
            field.dispatchEvent(new Event("change"));
        } else if (kind < 0.65) {
            const select = pick([...document.querySelectorAll("select:not(:disabled)")]);
            select.value = pick([...select.options].filter((one) => !one.disabled)).value;
            select.dispatchEvent(new Event("change"));
        } else document.getElementById(pick(["step", "step", "step", "back", "restart", "new-weights", "ask"])).click();
        await new Promise(requestAnimationFrame);
        const found = document.body.innerText.match(/NaN|undefined|\\[object|\\?\\?/);
        if (found) wrong.push(`${i}: ${found[0]} in ${location.hash}`);
        const drawn = document.querySelector("svg [x1='NaN'], svg [y1='NaN'], svg [cy='NaN'], svg [points*='NaN']");
        if (drawn) wrong.push(`${i}: ${drawn.outerHTML}`);
    }
    return wrong.slice(0, 5);
}
"""


@pytest.mark.parametrize("name", ["pencil", "plane"])
def test_random_edits_never_show_a_number_that_is_none(browser, pages, name, pytestconfig):
    page = ready(browser, pages[name])
    assert page.evaluate(EDITS, [500 if pytestconfig.getoption("--campaign") else 60, 7]) == []
    assert page.said == []
    page.close()


def test_the_site_has_the_page_of_the_pencil_network(browser, address):
    for language in ("en", "zh-CN"):
        page = ready(browser, f"{address}/{language}/pencil-network.html")
        assert page.evaluate("document.documentElement.lang") == language
        assert json.loads(page.inner_text("#subject"))["origin"] == "pencil"
        page.close()
