#!/usr/bin/env python3
"""Drive the page of `t5train serve` in a real browser, and leave screenshots to look at.

  pip install playwright          # and a Chromium: apt-get install chromium
  bench/check_page.py T5TRAIN_BINARY CHECKPOINT_WITH_LABELS FOLDER_FOR_SCREENSHOTS

It uses every form with the mouse and with the keyboard alone, in light and dark, wide and narrow, and compares what the page
shows with the API. The page must need no other host, break no rule of its content security policy and log no error.
"""
import http.server, json, pathlib, re, signal, subprocess, sys, threading, urllib.request

from playwright.sync_api import sync_playwright


def start(binary, checkpoint):
    server = subprocess.Popen([binary, "serve", "--model", checkpoint, "--address", "127.0.0.1:0"], stderr=subprocess.PIPE, text=True)
    for line in server.stderr:
        if found := re.match(r"serve: (http://\S+)", line):
            # The log goes on; nobody reads it here, and the pipe has room for more than one run writes.
            return server, found.group(1)
    sys.exit("the server does not start")


def ask(url, path, body):
    request = urllib.request.Request(url + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
    return json.load(urllib.request.urlopen(request))["results"][0]


def check(page, url, folder, theme):
    text = "You have won a prize! Call 0800 123 now <b>&amp;</b>"
    shot = lambda name: page.screenshot(path=folder / f"{theme}-{name}.png", full_page=True)
    page.goto(url)
    page.get_by_role("tab", name="Classify").wait_for()
    assert page.get_by_role("tab", name="Classify").get_attribute("aria-selected") == "true", "labels: classification comes first"

    page.locator("#classify textarea").fill(text)
    page.get_by_role("button", name="Classify").click()
    page.get_by_text("Answered in").wait_for()
    want = ask(url, "/v1/classify", {"inputs": [text]})
    assert page.locator("#answer strong").inner_text() == want["label"]
    assert page.locator("#answer tbody tr").count() == len(want["labels"])
    widths = page.eval_on_selector_all("#answer .bar", "bars => bars.map(b => b.getBoundingClientRect().width / b.parentElement.getBoundingClientRect().width)")
    for width, label in zip(widths, want["labels"]):
        assert abs(width - label["probability"]) < 0.02, (widths, want)
    shot("classify")

    # The keyboard alone: to the next tab, into the text, and Ctrl+Enter.
    page.get_by_role("tab", name="Classify").focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.id") == "tab-score"
    page.keyboard.press("End")
    assert page.evaluate("document.activeElement.id") == "tab-tokenize"
    page.keyboard.press("Tab")
    page.keyboard.type(text)
    page.keyboard.press("Control+Enter")
    page.get_by_text("Answered in").wait_for()
    want = ask(url, "/v1/tokenize", {"texts": [text]})
    chips = page.locator("#answer li").all_text_contents()
    assert chips == [token + str(i) for token, i in zip(want["tokens"], want["ids"])], chips
    shot("tokenize")

    page.get_by_role("tab", name="Score").click()
    page.locator("#score [name=input]").fill(text)
    page.get_by_label("targets, one a line").fill("ham\nspam\nneither of them")
    page.get_by_role("button", name="Score").click()
    page.get_by_text("Answered in").wait_for()
    want = ask(url, "/v1/score", {"inputs": [text], "targets": ["ham", "spam", "neither of them"]})
    shown = page.locator("#answer td.number").all_text_contents()
    assert shown == [f"{s['log_prob']:.3f}" for s in want["scores"]], (shown, want)
    shot("score")

    page.get_by_role("tab", name="Generate").click()
    page.locator("#generate [name=input]").fill(text)
    page.get_by_label("beam search").check()
    page.get_by_label("most tokens").fill("8")
    page.locator("#generate [name=num_return_sequences]").fill("2")
    page.get_by_text("What the text may and may not hold").click()
    page.get_by_label("choices, one a line").fill("ham\nspam")
    page.get_by_role("button", name="Generate").click()
    page.get_by_text("Answered in").wait_for()
    want = ask(url, "/v1/generate", {"inputs": [text], "max_new_tokens": 8, "num_beams": 4, "num_return_sequences": 2, "choices": ["ham", "spam"]})
    shown = page.locator("#answer .text").all_text_contents()
    assert shown == [o["text"] for o in want["outputs"]], (shown, want)
    page.get_by_text("The request").click()
    curl = page.locator("#request pre").inner_text()
    out = subprocess.run(["sh", "-c", curl + " --silent"], check=True, capture_output=True, text=True).stdout
    assert json.loads(out)["results"][0] == want, out
    shot("generate-beams")
    page.get_by_label("sampling").check()
    page.get_by_label("choices, one a line").fill("")
    page.get_by_label("top p").fill("0.9")
    page.get_by_role("button", name="Generate").click()
    page.get_by_text("Answered in").wait_for()
    shot("generate-sample")

    # What the server refuses is said.
    page.get_by_label("most tokens").fill("2")
    page.get_by_label("fewest tokens").fill("3")
    page.get_by_role("button", name="Generate").click()
    page.get_by_role("alert").wait_for()
    assert "min_new_tokens is 3" in page.get_by_role("alert").inner_text()
    shot("refused")


def main():
    binary, checkpoint, folder = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
    folder.mkdir(parents=True, exist_ok=True)
    server, url = start(binary, checkpoint)
    try:
        with sync_playwright() as p:
            browser = p.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
            for theme, width in [("light", 900), ("dark", 900), ("light", 360)]:
                context = browser.new_context(color_scheme=theme, viewport={"width": width, "height": 800})
                page = context.new_page()
                wrong, hosts = [], set()
                page.on("console", lambda m: m.type in ("error", "warning") and "status of 422" not in m.text and wrong.append(m.text))
                page.on("pageerror", lambda e: wrong.append(str(e)))
                page.on("request", lambda r: hosts.add(r.url.split("/")[2]) if r.url.startswith("http") else None)
                check(page, url, folder, theme if width > 400 else "narrow")
                assert not wrong, wrong
                assert hosts == {url.split("/")[2]}, hosts
                overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
                assert overflow <= 0, f"the page is {overflow} pixels too wide"
            # A page of another site cannot use the server: not by a form, not by a script.
            other = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
            threading.Thread(target=other.serve_forever, daemon=True).start()
            page = browser.new_context().new_page()
            page.goto(f"http://127.0.0.1:{other.server_port}/")
            said = page.evaluate("""async (url) => {
              const tries = [{}, {mode: 'no-cors', method: 'POST', body: '{"inputs": ["a"]}'}, {method: 'POST', headers: {'Content-Type': 'application/json'}, body: '{"inputs": ["a"]}'}];
              const said = [];
              for (const t of tries) said.push(await fetch(url + '/v1/' + (t.method ? 'classify' : 'model'), t).then(r => r.type + r.status, () => 'refused'));
              return said;
            }""", url)
            assert said == ["refused"] * 3, said
            metrics = urllib.request.urlopen(url + "/metrics").read().decode()
            assert 't5train_refused_total{reason="cross_origin"} 1' in metrics, metrics
            browser.close()
    finally:
        server.send_signal(signal.SIGTERM)
        status = server.wait(20)
    assert status == 0, f"the server ended with status {status}"
    print("the page does what the API does; screenshots are in", folder)


main()
