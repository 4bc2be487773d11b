#!/usr/bin/env python3
"""Open the page of `t5train report` in a real browser, and leave screenshots to look at.

  pip install playwright          # and a Chromium: apt-get install chromium
  bench/check_report.py T5TRAIN_BINARY FOLDER_FOR_SCREENSHOTS RUN...

The first run must be of a classification, evaluated several times. In light and dark, at phone and desktop width: no error, no
request, nothing wider than the page; values under the pointer and the arrow keys, scales, smoothing and choices. A run whose
texts are HTML shows them as text. With --watch a new step appears without a reload.
"""
import json, pathlib, re, shutil, signal, subprocess, sys, tempfile

from playwright.sync_api import sync_playwright

SIZES = {"desktop": (1280, 900), "phone": (390, 844)}
HOSTILE = "</script><img src=x onerror=\"window.hacked = true\"><b>bold</b>"


def lines_of(run):
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [line for line in lines if line["kind"] == "train"]


def opened(browser, theme, size):
    context = browser.new_context(color_scheme=theme, viewport={"width": size[0], "height": size[1]})
    page = context.new_page()
    wrong, asked = [], []
    page.on("console", lambda m: wrong.append(m.text))
    page.on("pageerror", lambda e: wrong.append(str(e)))
    page.on("request", lambda r: asked.append(r.url) if not r.url.startswith("data:") else None)
    return page, wrong, asked


def check(page, runs, shot):
    chart = page.locator(".chart", has_text="Training loss")
    svg = chart.locator("svg")
    assert page.locator("#run-table tbody tr").count() == len(runs)
    assert svg.locator("path.curve:not(.raw)").count() == len(runs)

    # The last step of the first run, under the arrow keys and under the pointer.
    last = lines_of(runs[0])[-1]
    for other in runs[1:]:
        page.locator("#legend button", has_text=other.name).click()
    assert svg.locator("path.curve:not(.raw)").count() == 1
    svg.focus()
    page.keyboard.press("End")
    shown = page.locator("#tip").inner_text()
    assert f"step {last['step']:,}" in shown and f"{last['loss']:.4g}" in shown, (shown, last)
    box = svg.bounding_box()
    page.mouse.move(box["x"] + box["width"] - 12, box["y"] + 60)
    assert page.locator("#tip").inner_text() == shown
    shot("tip")
    page.mouse.move(1, 1)
    for other in runs[1:]:
        page.locator("#legend button", has_text=other.name).click()

    before = svg.locator("path.curve:not(.raw)").first.get_attribute("d")
    chart.get_by_role("button", name="log").click()
    assert svg.locator("path.curve:not(.raw)").first.get_attribute("d") != before, "the logarithmic scale changes the curve"
    chart.get_by_role("button", name="log").click()
    page.locator("#smoothing").fill("0")
    assert svg.locator("path.raw").count() == 0, "without smoothing there is one line a run"
    page.locator("#smoothing").fill("0.6")
    for axis in ["epoch", "seconds", "step"]:
        page.locator("#axis").select_option(axis)
        ticks = svg.locator("text").all_inner_texts()
        assert len(ticks) >= 4, (axis, ticks)

    evaluation = json.loads((runs[0] / "report" / "best.json").read_text())
    cells = page.locator("#seen rect.cell")
    assert cells.count() == len(evaluation["labels"]) * len(evaluation["confusion"][0]) - (0 if any(r[-1] for r in evaluation["confusion"]) else len(evaluation["labels"]))
    worst = page.locator("#seen table.cards").first.locator("tbody tr")
    assert evaluation["worst"][0]["input"] in worst.first.inner_text()
    assert worst.locator("visible=true").count() == 6
    page.locator("button.more").first.click()
    assert worst.locator("visible=true").count() == len(evaluation["worst"])
    page.get_by_text("More metrics").click()
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow <= 0, f"the page is {overflow} pixels too wide"
    shot("page")

    colours = []
    for theme in ["light", "dark", "system"]:
        page.locator("#theme").click()
        assert page.locator("#theme").inner_text() == f"Theme: {theme}"
        colours.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert colours[0] != colours[1], colours


def check_hostile(browser, binary, run, place):
    """A run whose texts and names end scripts and tags."""
    hostile = place / "a <b> run"
    shutil.copytree(run, hostile, ignore=shutil.ignore_patterns("checkpoints"))
    for name in ["best.json", "latest.json"]:
        e = json.loads((hostile / "report" / name).read_text())
        e["labels"][0] = HOSTILE
        e["worst"][0].update(input=HOSTILE, target=HOSTILE, prediction=HOSTILE)
        e["samples"] = [HOSTILE]
        (hostile / "report" / name).write_text(json.dumps(e))
    (hostile / "config.yaml").write_text("task: {name: " + json.dumps(HOSTILE) + "}\n")
    page, wrong, _ = opened(browser, "light", SIZES["desktop"])
    subprocess.run([binary, "report", hostile, "--output", place / "hostile.html"], check=True, capture_output=True)
    page.goto((place / "hostile.html").as_uri())
    assert HOSTILE in page.locator("#seen table.cards").first.inner_text()
    assert HOSTILE in page.locator("#run-table").inner_text()
    assert page.evaluate("window.hacked") is None and page.locator("main img, main b:not(#tip b)").count() == 0
    assert not wrong, wrong


def check_watch(browser, binary, run, place):
    """A new line of a run appears by itself."""
    followed = place / "followed"
    shutil.copytree(run, followed, ignore=shutil.ignore_patterns("checkpoints"))
    server = subprocess.Popen([binary, "report", followed, "--watch", "--address", "127.0.0.1:0"], stderr=subprocess.PIPE, text=True)
    try:
        url = re.match(r"report: (http://\S+)", server.stderr.readline()).group(1)
        page, wrong, asked = opened(browser, "light", SIZES["desktop"])
        page.goto(url)
        svg = page.locator(".chart", has_text="Training loss").locator("svg")
        before = svg.locator("path.curve:not(.raw)").get_attribute("d")
        page.evaluate("window.same = true")
        line = lines_of(followed)[-1]
        line.update(step=2 * line["step"], loss=1.5)
        with open(followed / "metrics.jsonl", "a") as f:
            f.write(json.dumps(line) + "\n")
        page.wait_for_function("before => document.querySelector('.chart path.curve:not(.raw)').getAttribute('d') !== before", arg=before)
        assert page.evaluate("window.same"), "the page was loaded anew"
        assert f"{line['step']:,}" in page.locator("#run-table").inner_text()
        assert not wrong and all(a.startswith(url) for a in asked), (wrong, asked)
    finally:
        server.send_signal(signal.SIGINT)
        status = server.wait(20)
    assert status == 0, f"the server ended with status {status}"
    page.get_by_text("The report is no longer served").wait_for()


def main():
    binary, folder, runs = sys.argv[1], pathlib.Path(sys.argv[2]), [pathlib.Path(r) for r in sys.argv[3:]]
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as p, tempfile.TemporaryDirectory() as temporary:
        place = pathlib.Path(temporary)
        browser = p.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        subprocess.run([binary, "report", *runs, "--output", place / "report.html"], check=True)
        for name, size in SIZES.items():
            for theme in ["light", "dark"]:
                page, wrong, asked = opened(browser, theme, size)
                page.goto((place / "report.html").as_uri())
                check(page, runs, lambda what: page.screenshot(path=folder / f"{name}-{theme}-{what}.png", full_page=what == "page"))
                assert not wrong, wrong
                assert len(asked) == 1, asked
        check_hostile(browser, binary, runs[0], place)
        check_watch(browser, binary, runs[0], place)
        browser.close()
    print("the page shows what the runs hold; screenshots are in", folder)


main()
